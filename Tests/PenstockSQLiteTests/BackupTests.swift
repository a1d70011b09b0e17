import DiskWorkload
import Dispatch
import Foundation
import Penstock
import PenstockSQLite
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Backups")
struct BackupTests {
    /// Pushes as many items into each of two queues, in one transaction.
    private static func push(_ numbers: Range<Int>, into store: SQLiteStore) async throws {
        let items = numbers.flatMap { number in
            let text = payload("\"\(String(repeating: "\(number) ", count: 400))\"")
            return ["left", "right"].map { NewItem(queue: $0, key: "k\(number)", payload: text) }
        }
        _ = try await store.commit(Transaction(items.map { .push($0) }))
    }

    @Test func `a backup has what one transaction sees, and its owner commits meanwhile`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        for start in stride(from: 0, to: 800, by: 80) { try await Self.push(start..<start + 80, into: store) }
        let before = try bytes(of: folder.database)
        let (begun, gone) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let parts = Atomic<Int>(0)
        let (path, copy) = (folder.database, folder.file("copy.db"))
        async let backup = onThread {
            try SQLiteStore.backup(from: path, to: copy) { _, _ in
                guard parts.add(1, ordering: .relaxed).oldValue == 0 else { return }
                // In the middle of the copy the owner goes on.
                begun.signal()
                gone.wait()
            }
        }
        try await onThread { begun.wait() }
        for number in 800..<820 { try await Self.push(number..<number + 1, into: store) }
        gone.signal()
        let done = try await backup
        #expect(parts.load(ordering: .relaxed) > 1, "it was copied in parts")
        #expect(done.items == 1600)
        #expect(try bytes(of: copy).count == done.bytes)
        #expect(try bytes(of: folder.database) == before, "the owner's log was left to the owner")
        #expect(try await store.lease(1000, from: "left").count == 820)
        await store.close()
        #expect(try folder.names == ["app.db", "app.db-owner", "copy.db"])
        #expect(try SQLiteStore.verify(path: copy).problems == [])
        let keys = "SELECT count(DISTINCT key), queue FROM penstock_rows GROUP BY queue"
        #expect(try sqlite(copy, keys) == ["800", "800"])
        let restored = try await openStore(copy)
        #expect(try await restored.counts().map(\.ready) == [800, 800])
        await restored.close()
    }

    @Test func `a store that nobody has open is backed up too, and left as it was`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1", key: "a")
        await store.close()
        let before = try bytes(of: folder.database)
        #expect(try SQLiteStore.backup(from: folder.database, to: folder.file("copy.db")).items == 1)
        #expect(try bytes(of: folder.database) == before)
        #expect(try folder.names == ["app.db", "app.db-owner", "copy.db"])
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("copy.db"))[.posixPermissions] as? Int
        #expect(mode == 0o600, "for its owner's eyes only")
    }

    @Test(
        "A backup never takes the place of a file, or the log of another one",
        arguments: ["copy.db", "copy.db-wal", "copy.db-journal", "app.db"]
    )
    func existing(name: String) async throws {
        let folder = try Folder()
        try await openStore(folder.database).close()
        if name != "app.db" { try Data("mine".utf8).write(to: URL(filePath: folder.file(name))) }
        let before = try bytes(of: folder.file(name))
        let names = try folder.names
        let target = folder.file(name == "app.db" ? name : "copy.db")
        let error = #expect(throws: PenstockError.self) { try SQLiteStore.backup(from: folder.database, to: target) }
        #expect(error?.code == .conflict)
        #expect(try bytes(of: folder.file(name)) == before)
        #expect(try folder.names == names)
    }

    @Test func `no backup is made of a store that is damaged or none, and nothing is left of it`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1", key: "a")
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = x'07'")
        let copy = folder.file("copy.db")
        let error = #expect(throws: PenstockError.self) { try SQLiteStore.backup(from: folder.database, to: copy) }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("item ~1") == true)
        await store.close()
        try sqlite(folder.file("other.db"), "CREATE TABLE t (x)")
        for path in [folder.file("none.db"), folder.file("other.db"), folder.path] {
            let error = #expect(throws: PenstockError.self) { try SQLiteStore.backup(from: path, to: copy) }
            #expect(error?.code == .storeUnusable)
        }
        let nowhere = folder.file("none/copy.db")
        #expect(throws: PenstockError.self) { try SQLiteStore.backup(from: folder.database, to: nowhere) }
        #expect(try folder.names == ["app.db", "app.db-owner", "other.db"])
    }

    @Test func `a backup that does not fit on the disk leaves nothing behind, and the store as it was`() async throws {
        let folder = try Folder()
        let path = folder.database
        await #expect(processExitsWith: .success) { [path = path as String] in
            let store = try await openStore(path)
            try await store.push("\"\(String(repeating: "long ", count: 500_000))\"")
            // A limit on the size of files stands in for the end of the disk.
            _ = signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 1 << 20, rlim_max: rlim_t.max)
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let error = #expect(throws: PenstockError.self) { try SQLiteStore.backup(from: path, to: path + "-copy") }
            #expect(error?.code == .storeUnavailable)
            limit.rlim_cur = rlim_t.max
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            #expect(try SQLiteStore.backup(from: path, to: path + "-copy").items == 1)
            await store.close()
        }
        #expect(try folder.names == ["app.db", "app.db-copy", "app.db-owner"])
    }

    @Test func `what a process leaves that died over a backup is in nobody's way, and a live one is left alone`()
        async throws
    {
        let folder = try Folder()
        try await openStore(folder.database).close()
        let copy = folder.file("copy.db")
        try Data(repeating: 7, count: 100_000).write(to: URL(filePath: copy + "-partial"))
        let descriptor = unsafe open(copy + "-partial", O_RDWR)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let error = #expect(throws: PenstockError.self) { try SQLiteStore.backup(from: folder.database, to: copy) }
        #expect(error?.message.contains("another process is copying") == true)
        #expect(try bytes(of: copy + "-partial").count == 100_000)
        close(descriptor)
        #expect(try SQLiteStore.backup(from: folder.database, to: copy).items == 0)
        #expect(try folder.names == ["app.db", "app.db-owner", "copy.db"])
    }
}

/// Runs what blocks on a thread of its own, so that it holds up nobody.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

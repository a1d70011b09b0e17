import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Putting a backup in place")
struct RestoreTests {
    /// What went on after a backup, and is not in it.
    private struct Aftermath {
        /// A lease on an item that the backup has as it was before.
        var held: LeasedItem
        var lastToken: Int64
        var lastNumber: Int64
    }

    /// A store that was backed up as `copy.db` with the item `before` in it, and worked on after that.
    private static func makeStore(_ folder: Folder, openings: Int = 3) async throws -> Aftermath {
        var store = try await openStore(folder.database)
        try await store.push("1", key: "before")
        // A store that is closed keeps no numbers in reserve, by which those that come later would differ.
        await store.close()
        #expect(try SQLiteStore.backup(from: folder.database, to: folder.file("copy.db")).items == 1)
        for opening in 0..<openings {
            if opening > 0 { await store.close() }
            store = try await openStore(folder.database)
        }
        let held = try await store.lease()[0]
        try await store.push("2", key: "after")
        let last = try await store.lease()[0]
        try await store.settle(last, .complete(payload("3")))
        await store.close()
        return Aftermath(held: held, lastToken: last.lease.token, lastNumber: last.record.number)
    }

    @Test(
        "A lease from before settles nothing, tokens and numbers grow, and later keys can be pushed again",
        arguments: ["as it was", "lost", "lost, and its owner's file", "no database any more"]
    )
    func fence(former: String) async throws {
        let folder = try Folder()
        let aftermath = try await Self.makeStore(folder)
        if former.hasPrefix("lost") { try FileManager.default.removeItem(atPath: folder.database) }
        if former.hasSuffix("owner's file") { try FileManager.default.removeItem(atPath: folder.database + "-owner") }
        if former.hasPrefix("no") { try Data(repeating: 7, count: 9000).write(to: URL(filePath: folder.database)) }
        let done = try SQLiteStore.restore(folder.file("copy.db"), to: folder.database)
        #expect(done.items == 1)
        #expect((done.replaced == nil) == former.hasPrefix("lost"))
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])

        let store = try await openStore(folder.database)
        for settlement in [Settlement.complete(payload("9")), .consume, .release] {
            let error = await #expect(throws: PenstockError.self) { try await store.settle(aftermath.held, settlement) }
            #expect(error?.code == .leaseLost)
        }
        let new = try await store.lease()[0]
        #expect(new.record.id == aftermath.held.record.id && new.record.attempt == 1)
        #expect(new.lease.token > aftermath.lastToken)
        let error = await #expect(throws: PenstockError.self) { try await store.settle(aftermath.held, .consume) }
        #expect(error?.code == .leaseLost)
        try await store.settle(new, .complete(payload("4")))
        let again = try await store.push("5", key: "after")
        #expect(again.root > aftermath.lastNumber)
        #expect(try await store.lease().map(\.record.payload.text) == ["5"])
        await store.close()
    }

    @Test func `what is replaced is kept whole, with what was in its log`() async throws {
        let folder = try Folder()
        let path = folder.database
        _ = try await Self.makeStore(folder)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try await openStore(path)
            try await store.push("1", key: "in the log")
            kill(getpid(), SIGKILL)
        }
        let replaced = try #require(try SQLiteStore.restore(folder.file("copy.db"), to: path).replaced)
        #expect(try SQLiteStore.verify(path: replaced).problems == [])
        let keys = "SELECT key FROM penstock_rows ORDER BY number"
        #expect(try sqlite(replaced, keys) == ["before", "after", "in the log"])
        #expect(try sqlite(path, keys) == ["before"])
        #expect(try !folder.names.contains { $0.hasSuffix("-wal") || $0.hasSuffix("-partial") })
    }

    @Test("The log of a file that is gone or cannot be read is not taken for that of the backup", arguments: [0, 9000])
    func strayLog(bytesLeft: Int) async throws {
        let folder = try Folder()
        let path = folder.database
        _ = try await Self.makeStore(folder)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try await openStore(path)
            try await store.push("1", key: "in the log")
            kill(getpid(), SIGKILL)
        }
        #expect(try !bytes(of: path + "-wal").isEmpty)
        try FileManager.default.removeItem(atPath: path)
        if bytesLeft > 0 { try Data(repeating: 7, count: bytesLeft).write(to: URL(filePath: path)) }
        let replaced = try SQLiteStore.restore(folder.file("copy.db"), to: path).replaced
        #expect(try sqlite(path, "SELECT key FROM penstock_rows") == ["before"])
        #expect(try SQLiteStore.verify(path: path).problems == [])
        if let replaced { #expect(FileManager.default.fileExists(atPath: replaced)) }
        #expect((replaced != nil) == (bytesLeft > 0))
    }

    @Test func `whoever could open the file that was replaced can open what took its place`() async throws {
        let folder = try Folder()
        _ = try await Self.makeStore(folder)
        let owner: uid_t = getuid() == 0 ? 65_534 : getuid()
        #expect(unsafe chmod(folder.database, 0o640) == 0 && chown(folder.database, owner, gid_t.max) == 0)
        _ = try SQLiteStore.restore(folder.file("copy.db"), to: folder.database)
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.database)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        #expect(attributes[.ownerAccountID] as? UInt32 == owner)
    }

    @Test func `nobody is charged for what the last owner died over in the file that was replaced`() async throws {
        let folder = try Folder()
        let path = folder.database
        _ = try await Self.makeStore(folder)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try await openStore(path)
            _ = try await store.lease(5)
            kill(getpid(), SIGKILL)
        }
        _ = try SQLiteStore.restore(folder.file("copy.db"), to: path)
        let store = try await openStore(path)
        #expect(try await store.item(.key(queue: "jobs", "before"))?.attempt == 0)
        await store.close()
    }

    @Test func `a store that somebody has open is not replaced`() async throws {
        let folder = try Folder()
        _ = try await Self.makeStore(folder)
        let store = try await openStore(folder.database)
        let names = try folder.names
        let error = #expect(throws: PenstockError.self) {
            try SQLiteStore.restore(folder.file("copy.db"), to: folder.database)
        }
        #expect(error?.code == .storeOwned)
        #expect(error?.message.contains("process \(getpid())") == true)
        #expect(try folder.names == names)
        #expect(try await store.item(.key(queue: "jobs", "after"))?.state == .completed)
        await store.close()
    }

    @Test func `what is no sound backup, or would replace what is none of Penstock's, changes nothing`() async throws {
        let folder = try Folder()
        _ = try await Self.makeStore(folder)
        try sqlite(folder.file("other.db"), "CREATE TABLE t (x)")
        let (copy, damaged) = (folder.file("copy.db"), folder.file("damaged.db"))
        try FileManager.default.copyItem(atPath: copy, toPath: damaged)
        try sqlite(damaged, "UPDATE penstock_rows SET payload = x'07'")
        let cases: [(from: String, to: String, code: PenstockError.Code)] = [
            (damaged, folder.database, .damaged), (folder.file("none.db"), folder.database, .storeUnusable),
            (folder.file("other.db"), folder.database, .storeUnusable), (copy, folder.file("other.db"), .storeUnusable),
            (copy, copy, .conflict), (copy, folder.path, .storeUnusable),
            (copy, folder.file("none/a.db"), .storeUnusable),
        ]
        let names = try folder.names
        let before = try names.map { try bytes(of: folder.file($0)) }
        for (from, to, code) in cases {
            let error = #expect(throws: PenstockError.self) { try SQLiteStore.restore(from, to: to) }
            #expect(error?.code == code, "\(from) to \(to): \(error?.message ?? "")")
            #expect(try folder.names == names)
        }
        for (name, content) in zip(names, before) where !name.hasSuffix("-owner") {
            #expect(try bytes(of: folder.file(name)) == content, "\(name)")
        }
    }
}

import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("A disk that fails, and a log that grows")
struct FailureTests {
    @Test("What does not fit on the disk is not acknowledged, and the store goes on when there is room again")
    func fullDisk() async throws {
        let folder = try Folder()
        let path = folder.database
        await #expect(processExitsWith: .success) { [path = path as String] in
            let store = try await openStore(path)
            try await store.push("1", key: "before")
            // A limit on the size of files stands in for the end of the disk: the log may not grow past it.
            _ = signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 5 << 20, rlim_max: rlim_t.max)
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let large = Payload(bytes: [UInt8](repeating: 32, count: 8 << 20))
            for _ in 0..<2 {
                let push = Transaction([.push(NewItem(queue: "jobs", key: "lost", payload: large))])
                let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(push) }
                #expect(error?.code == .storeUnavailable)
                #expect(error?.cause is SQLiteError)
            }
            limit.rlim_cur = rlim_t.max
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            try await store.push("2", key: "after")
            #expect(try await store.lease(5).map(\.record.key) == ["before", "after"])
            await store.close()
        }
        #expect(try sqlite(path, "SELECT key FROM penstock_rows ORDER BY number") == ["before", "after"])
        #expect(try SQLiteStore.verify(path: path).problems == [])
    }

    @Test("A log that has become very long goes into the database before the next group")
    func longLog() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let large = Payload(bytes: [UInt8](repeating: 32, count: 15 << 20))
        _ = try await store.commit(
            Transaction((0..<5).map { _ in .push(NewItem(queue: "jobs", payload: large)) })
        )
        #expect(try bytes(of: folder.database).count > 75 << 20)
        let items = try await store.lease(5)
        #expect(items.map(\.record.payload) == [Payload](repeating: large, count: 5))
        await store.close()
    }
}

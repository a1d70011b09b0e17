import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("The end of an owner")
struct OwnershipTests {
    @Test("What a process died over is charged an attempt, once, and nothing acknowledged is lost")
    func killedOwner() async throws {
        let folder = try Folder()
        let path = folder.database
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try await openStore(path)
            for name in ["held", "done", "back", "idle"] { try await store.push("1", key: name) }
            let items = try await store.lease(3)
            try await store.push("1", key: "rests", to: "flow")
            let run = try await store.lease(from: "flow")[0]
            try await store.call(1, of: run, "step", and: .settle(run.lease, .rest))
            try await store.settle(items[1], .complete(payload("2")))
            try await store.settle(items[2], .release)
            kill(getpid(), SIGKILL)
        }
        let notices = Notices()
        var store = try await SQLiteStore(path: path, environment: notices.environment)
        #expect(notices.all.count == 1)
        for _ in 0..<2 {
            #expect(try await store.item(.key(queue: "jobs", "held"))?.attempt == 1)
            #expect(try await store.item(.key(queue: "jobs", "back"))?.attempt == 0)
            #expect(try await store.item(.key(queue: "jobs", "idle"))?.attempt == 0)
            #expect(try await store.item(.key(queue: "flow", "rests"))?.attempt == 0)
            #expect(try await store.item(.key(queue: "jobs", "done"))?.state == .completed)
            await store.close()
            store = try await openStore(path)
        }
        #expect(try await store.lease()[0].record.attempt == 2)
        await store.close()
        #expect(try SQLiteStore.verify(path: path).problems == [])
    }

    @Test("A clean end charges nobody, though a lease was held")
    func cleanEnd() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        try await store.push("1", key: "held")
        _ = try await store.lease()
        await store.close()
        store = try await openStore(folder.database)
        #expect(try await store.item(.key(queue: "jobs", "held"))?.attempt == 0)
        await store.close()
    }

    @Test("An image of the files of a process that died is charged; a database from before is not")
    func images() async throws {
        let folder = try Folder()
        let copies = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1", key: "held")
        _ = try await store.lease()
        for suffix in ["", "-wal", "-owner"] {
            try FileManager.default.copyItem(atPath: folder.database + suffix, toPath: copies.database + suffix)
        }
        await store.close()
        var copy = try await openStore(copies.database)
        #expect(try await copy.item(.key(queue: "jobs", "held"))?.attempt == 1)
        await copy.close()
        // The epoch in the owner's file is not the last one of this database any more.
        let owner = copies.database + "-owner"
        try FileManager.default.removeItem(atPath: copies.database)
        try FileManager.default.copyItem(atPath: folder.database, toPath: copies.database)
        try await openStore(copies.database).close()
        #expect(FileManager.default.fileExists(atPath: owner))
        copy = try await openStore(copies.database)
        #expect(try await copy.item(.key(queue: "jobs", "held"))?.attempt == 0)
        await copy.close()
    }

    @Test("More items at work than there are slots do no harm")
    func fullLedger() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let count = 66_000
        for start in stride(from: 0, to: count, by: 22_000) {
            let items = (start..<start + 22_000).map { _ in NewItem(queue: "jobs", payload: payload("1")) }
            _ = try await store.commit(Transaction(items.map { .push($0) }))
        }
        var items: [LeasedItem] = []
        while items.count < count {
            let more = try await store.lease(10_000)
            try #require(!more.isEmpty)
            items += more
        }
        _ = try await store.commit(Transaction(items.map { .settle($0.lease, .consume) }))
        #expect(try await store.counts().map(\.total) == [0])
        await store.close()
    }
}

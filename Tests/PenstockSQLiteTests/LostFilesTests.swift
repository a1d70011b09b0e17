import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A file that somebody moves, deletes or replaces while its owner has it open.
@Suite("The files are taken away from their owner", .timeLimit(.minutes(60)))
struct LostFilesTests {
    @Test func `the owner of a file that was replaced stops, and writes nothing into the new one`() async throws {
        let folder = try Folder()
        let notices = Notices()
        var other = try await openStore(folder.file("other.db"))
        try await other.push("\"other\"", key: "other")
        await other.close()
        let new = try bytes(of: folder.file("other.db"))
        let store = try await SQLiteStore(path: folder.database, environment: notices.environment)
        for key in ["a", "b"] { try await store.push("1", key: key) }
        let leased = try await store.lease()[0]
        let waiting = Task { try await store.reserve(ReserveRequest(queue: "nothing")) }

        try rename(folder.database, to: folder.file("old.db"))
        try rename(folder.file("other.db"), to: folder.database)
        let calls: [@Sendable () async throws -> Void] = [
            { try await store.settle(leased, .complete(payload("2"))) },
            { try await store.push("3", key: "c") },
            { _ = try await store.lease() },
            { _ = try await store.item(.id(leased.record.id)) },
            { _ = try await store.items(ItemQuery(.roots(queue: nil))) },
            { _ = try await store.settled(leased.record.id) },
        ]
        for call in calls {
            let error = await #expect(throws: PenstockError.self) { try await call() }
            #expect(error?.code == .storeClosed)
            #expect(error?.message.contains("was moved, deleted or replaced while the store was open") == true)
        }
        await #expect(throws: PenstockError.self) { _ = try await waiting.value }
        #expect(notices.all.count == 1)
        await store.close()

        #expect(try bytes(of: folder.database) == new)
        #expect(
            try bytes(of: folder.database + "-wal").isEmpty,
            "nothing is there to be taken for the log of the new file"
        )
        other = try await openStore(folder.database)
        #expect(try await other.lease(10).map(\.record.key) == ["other"])
        await other.close()
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
        #expect(try sqlite(folder.file("old.db"), "SELECT key FROM penstock_rows ORDER BY number") == ["a", "b"])
        #expect(try SQLiteStore.verify(path: folder.file("old.db")).problems == [])
    }

    @Test("The owner notices whichever of its files goes, and loses nothing", arguments: ["-wal", "-owner", ""])
    func deleted(suffix: String) async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1", key: "a")
        let kept = folder.file("kept.db")
        if suffix.isEmpty {
            try rename(folder.database, to: kept)
        } else {
            try FileManager.default.removeItem(atPath: folder.database + suffix)
        }
        let error = await #expect(throws: PenstockError.self) { try await store.push("2", key: "b") }
        #expect(error?.code == .storeClosed)
        #expect(error?.message.hasPrefix("'\(folder.database)\(suffix)' was moved") == true)
        await store.close()
        #expect(try sqlite(suffix.isEmpty ? kept : folder.database, "SELECT key FROM penstock_rows") == ["a"])
        #expect(
            !suffix.isEmpty || !FileManager.default.fileExists(atPath: folder.database),
            "none is made in its place"
        )
    }

    @Test func `a transaction during which the file is replaced is not acknowledged`() async throws {
        let folder = try Folder()
        try await openStore(folder.file("other.db")).close()
        let (new, path) = (folder.file("other.db"), folder.database)
        let store = try await openStore(path)
        try await store.push("1", key: "a")
        var transaction = Transaction([.push(NewItem(queue: "jobs", key: "b", payload: payload("1")))])
        transaction.sqlite { _ in try rename(new, to: path) }
        let handedIn = transaction
        let error = await #expect(throws: PenstockError.self) { try await store.commit(handedIn) }
        #expect(error?.code == .storeClosed)
        await store.close()
        #expect(try sqlite(path, "SELECT count(*) FROM penstock_rows") == ["0"])
        #expect(try SQLiteStore.verify(path: path).problems == [])
    }

    @Test func `an owner that had nothing to write when its file was replaced leaves the new one alone too`()
        async throws
    {
        let folder = try Folder()
        try await openStore(folder.file("other.db")).close()
        let new = try bytes(of: folder.file("other.db"))
        let store = try await openStore(folder.database)
        try await store.push("1", key: "a")
        try rename(folder.file("other.db"), to: folder.database)
        await store.close()
        #expect(try bytes(of: folder.database) == new)
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
    }

    @Test func `an engine whose file was replaced ends, and says why`() async throws {
        let folder = try Folder()
        try await openStore(folder.file("other.db")).close()
        let notices = Notices()
        let review = ExternalTask<Int, Int>("review")
        let double = Activity("double") { (x: Int) in 2 * x }
        let flow = Workflow("flow") { (x: Int, context) in try await context.call(review, x) }
        let engine = try await Engine(
            store: .sqlite(path: folder.database),
            pipelines: [review, double, flow],
            environment: notices.environment
        )
        let error = await #expect(throws: PenstockError.self) {
            try await engine.run {
                let run = try await engine.start(flow, 1, key: "run")
                #expect(try await engine.start(double, 2, key: "one").value == 4)
                try rename(folder.file("other.db"), to: folder.database)
                do {
                    _ = try await engine.start(double, 3, key: "two")
                    Issue.record("it was started")
                } catch {
                    _ = try await run.value
                }
            }
        }
        #expect(error?.code == .storeClosed)
        #expect(notices.all.contains { $0.contains("was moved, deleted or replaced while the store was open") })
        await engine.close()
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows") == ["0"])
    }
}

/// Gives a file another name, also one that another file has.
private func rename(_ path: String, to name: String) throws {
    try #require(unsafe Glibc.rename(path, name) == 0)
}

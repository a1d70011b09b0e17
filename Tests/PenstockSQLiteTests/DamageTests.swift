import DiskWorkload
import Penstock
import PenstockSQLite
import Testing

/// One bad row stops nobody else, and nobody is given what it says.
@Suite("Rows that are not what was stored")
struct DamageTests {
    @Test func `a damaged item is passed over, and the others are worked on`() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        for key in ["a", "b", "c"] { try await store.push("1", key: key) }
        await store.close()
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = CAST('7' AS BLOB) WHERE key = 'b'")

        let notices = Notices()
        store = try await SQLiteStore(path: folder.database, environment: notices.environment)
        #expect(try await store.lease(10).map(\.record.key) == ["a", "c"])
        #expect(try await store.items(ItemQuery(.roots(queue: "jobs"))).map(\.key) == ["c", "a"])
        #expect(notices.all.contains { $0.contains("item ~2 is not what was stored") })
        let error = await #expect(throws: PenstockError.self) { _ = try await store.item(.key(queue: "jobs", "b")) }
        #expect(error?.code == .damaged)
        await store.close()
    }

    @Test func `an item that is damaged after it became ready is passed over as well`() async throws {
        let folder = try Folder()
        let notices = Notices()
        let store = try await SQLiteStore(path: folder.database, environment: notices.environment)
        // So long that the row is read when it is leased.
        let text = "\"\(String(repeating: "long ", count: 1000))\""
        for key in ["a", "b", "c"] { try await store.push(text, key: key) }
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = CAST('7' AS BLOB) WHERE key = 'a'")
        #expect(try await store.lease(10).map(\.record.key) == ["b", "c"])
        #expect(try await store.lease(10).isEmpty)
        #expect(notices.all.contains { $0.contains("not worked on, because item ~1 is not what was stored") })
        await store.close()
    }

    @Test func `a damaged root can be deleted or popped, by its address and by its key`() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        for key in ["a", "b", "c", "d"] { try await store.push("1", key: key) }
        _ = try await store.startRun(queue: "flow", calling: "step")
        await store.close()
        try sqlite(
            folder.database,
            "UPDATE penstock_rows SET payload = CAST('7' AS BLOB) WHERE step = 0 AND key <> 'd'"
        )
        try sqlite(folder.database, "UPDATE penstock_rows SET attempt = 9 WHERE queue = 2")

        store = try await openStore(folder.database)
        let ids = ["a": 1, "b": 2, "c": 3].mapValues { ItemID(root: $0, run: $0, step: 0) }
        let removals: [Penstock.Operation] = [
            .control(.key(queue: "jobs", "a"), .delete), .pop(.key(queue: "jobs", "b")),
            .pop(.id(try #require(ids["c"]))),
        ]
        for removal in removals { _ = try await store.commit(Transaction([removal])) }
        for id in ids.values { #expect(try await store.item(.id(id)) == nil) }
        let run = ItemID(root: 5, run: 5, step: 0)
        _ = try await store.commit(Transaction([.control(.id(run), .delete)]))
        #expect(try await store.lease(10).map(\.record.key) == ["d"])
        #expect(try await store.counts().reduce(0) { $0 + $1.total } == 1)
        try await store.push("1", key: "a")
        await store.close()
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows") == ["2"])
    }

    @Test func `a row that its index does not find is not half deleted, and does not stop its neighbours`() async throws
    {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        for key in ["a", "b"] { try await store.push("1", key: key) }
        await store.close()
        try changeRows(folder.database, "UPDATE penstock_rows SET key = 'x' WHERE key = 'b'")
        let again = try await openStore(folder.database)
        let damaged = ItemID(root: 2, run: 2, step: 0)
        async let neighbour = again.push("2", key: "c")
        for removal in [Penstock.Operation.control(.id(damaged), .delete), .pop(.id(damaged))] {
            let error = await #expect(throws: PenstockError.self) { try await again.commit(Transaction([removal])) }
            #expect(error?.code == .damaged)
        }
        _ = try await neighbour
        await again.close()
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows NOT INDEXED") == ["3"])
        #expect(try SQLiteStore.quarantine(path: folder.database).moved == 1)
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
    }

    @Test func `a run whose journal is damaged waits as diverged, and can be restarted`() async throws {
        let folder = try Folder()
        let double = Activity("double") { (x: Int) in 2 * x }
        let review = ExternalTask<Int, Bool>("review")
        let flow = Workflow("flow") { (x: Int, context) in
            let doubled = try await context.call(double, x)
            return try await context.call(review, doubled) ? doubled : 0
        }
        let pipelines: [any Pipeline] = [double, review, flow]
        var engine = try await Engine(store: .sqlite(path: folder.database), pipelines: pipelines)
        try await engine.run {
            _ = try await engine.start(flow, 4, key: "run")
            try await Self.waitForReview(engine, review)
        }
        await engine.close()
        try sqlite(folder.database, "UPDATE penstock_rows SET result = CAST('9' AS BLOB) WHERE step = 1")

        let notices = Notices()
        engine = try await Engine(
            store: .sqlite(path: folder.database),
            pipelines: pipelines,
            environment: notices.environment
        )
        let run = try #require(try await engine.run(of: flow, key: "run"))
        try await engine.run {
            try await engine.desk(of: review).resolve(try await Self.waitForReview(engine, review), with: true)
            while try await engine.control.describe(.id(run.id)).state != .diverged { await Task.yield() }
            #expect(try await engine.control.describe(.id(run.id)).failure?.kind == .damaged)
            #expect(notices.all.contains { $0.contains("parked as diverged: item ~1.1 is not what was stored") })
            try await engine.control.restart(.id(run.id))
            try await engine.desk(of: review).resolve(try await Self.waitForReview(engine, review), with: true)
            #expect(try await run.value == 8)
        }
        await engine.close()
    }

    /// Waits until something is to be reviewed, and returns its key.
    @discardableResult
    private static func waitForReview(_ engine: Engine, _ review: ExternalTask<Int, Bool>) async throws -> String {
        while true {
            if let item = try await engine.desk(of: review).waiting().first { return item.key }
            await Task.yield()
        }
    }
}

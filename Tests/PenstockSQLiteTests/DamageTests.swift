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

import Penstock
import PenstockTesting
import Testing

@testable import PenstockPostgres

@Suite("Pushing in plain SQL", .serialized, .enabled(if: Server.url != nil), .timeLimit(.minutes(60)))
struct PlainSQLTests {
    private func withStore(_ body: (PostgresStore, PostgresConnection, String) async throws -> Void) async throws {
        let schemas = Schemas()
        let options = PostgresOptions(schema: schemas.name(of: "place"))
        let environment = RuntimeEnvironment(report: { _ in })
        let store = try await PostgresStore(url: Server.url(), options: options, environment: environment)
        let session = try Server.connect()
        do {
            try await body(store, session, options.schema)
        } catch {
            await store.close()
            throw error
        }
        session.close()
        await store.close()
        try schemas.drop()
    }

    private func push(_ session: PostgresConnection, _ call: String) throws -> String {
        try session.run(PostgresStatement("SELECT \(call)", isKept: false), PostgresValues()).text(0, 0)
    }

    @Test func `what a program pushes in its own transaction is there when that is committed`() async throws {
        try await self.withStore { store, session, schema in
            async let leased = store.reserve(ReserveRequest(queue: "q"))
            try session.script("BEGIN")
            let key = try self.push(session, "\(schema).push('q', '{\"x\": 1}', key => 'a', priority => 3)")
            #expect(try await store.item(.key(queue: "q", "a")) == nil)
            try session.script("COMMIT")
            let item = try #require(try await leased.first)
            #expect(item.record.id.key == key)
            #expect(item.record.key == "a")
            #expect(item.record.priority == 3)
            #expect(item.record.digest == item.record.payload.digest)
            #expect(try item.record.payload.decode(as: [String: Int].self) == ["x": 1])
            let done = Payload(bytes: Array("2".utf8))
            _ = try await store.commit(Transaction([.settle(item.lease, .complete(done))]))
            #expect(try await store.counts().allSatisfy { $0.total == 0 })
        }
    }

    @Test func `a workflow is started by it`() async throws {
        try await self.withStore { store, session, schema in
            let double = Activity("double") { (x: Int) in 2 * x }
            let quad = Workflow("quad") { (x: Int, context) in
                try await context.call(double, try await context.call(double, x))
            }
            let engine = try await Engine(store: .open(store), pipelines: [double, quad])
            let key = try self.push(session, "\(schema).push('quad', '10')")
            try await engine.run {
                let id = try #require(ItemID(key: key))
                let record = try await store.settled(id)
                #expect(record?.result == Payload(bytes: Array("40".utf8)))
            }
        }
    }

    @Test func `a key that is there has one effect, and what is not allowed has none`() async throws {
        try await self.withStore { store, session, schema in
            let first = try self.push(session, "\(schema).push('q', '1', key => 'a')")
            #expect(try self.push(session, "\(schema).push('q', '2', key => 'a')") == first)
            for call in [
                "'no name', '1'", "'', '1'", "'q', '1', key => '~1'", "'q', '1', key => ''", "'q', '1', priority => 10",
                "'q', '1', key => repeat('x', 513)", "'q', '1', reply_to => 'no name'",
            ] {
                let error = #expect(throws: PostgresError.self) { try self.push(session, "\(schema).push(\(call))") }
                #expect(error?.state == "22023", "\(call)")
            }
            let counts = try await store.counts()
            #expect(counts == [QueueCount(queue: "q", ready: 1, leased: 0, parked: 0)])
        }
    }
}

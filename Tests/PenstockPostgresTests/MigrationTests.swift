import Penstock
import PenstockTesting
import Testing

@testable import PenstockPostgres

@Suite("Tables that are made by hand", .serialized, .enabled(if: Server.url != nil), .timeLimit(.minutes(60)))
struct MigrationTests {
    private static let silent = RuntimeEnvironment(report: { _ in })

    @Test func `what is printed makes the tables, and a role with the grants works with them`() async throws {
        let (schema, role) = (Server.name(), Server.name())
        let owner = try Server.connect()
        try owner.script("CREATE ROLE \(role) LOGIN")
        try owner.script(try PostgresStore.migrationScript(schema: schema))
        try owner.script(try PostgresStore.grantScript(to: role, schema: schema))
        let options = PostgresOptions(schema: schema, migrates: false)
        let url = try Server.url().replacing("penstock@", with: "\(role)@")
        let store = try await PostgresStore(url: url, options: options, environment: Self.silent)
        let item = NewItem(queue: "q", key: "a", payload: Payload(bytes: [0x31]))
        _ = try await store.commit(Transaction([.push(item)]))
        let leased = try #require(try await store.reserve(ReserveRequest(queue: "q")).first)
        _ = try await store.commit(Transaction([.settle(leased.lease, .complete(Payload(bytes: [0x32])))]))
        #expect(try await store.settled(leased.record.id)?.state == .completed)
        await store.close()
        // It can do nothing else with them.
        let session = try Server.connect(to: url)
        let error = #expect(throws: PostgresError.self) { try session.script("DROP TABLE \(schema).items") }
        #expect(error?.state == "42501")
        session.close()
        try owner.script("DROP SCHEMA \(schema) CASCADE; DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    @Test func `tables that are not there, or newer than the program, are refused`() async throws {
        let schema = Server.name()
        let options = PostgresOptions(schema: schema, migrates: false)
        let missing = await #expect(throws: PenstockError.self) {
            _ = try await PostgresStore(url: Server.url(), options: options, environment: Self.silent)
        }
        #expect(missing?.code == .storeUnusable)
        #expect(missing?.message.contains("penstock migrate --print") == true)
        #expect(try await PostgresStore.migrate(url: Server.url(), schema: schema) == 1)
        let owner = try Server.connect()
        try owner.script("INSERT INTO \(schema).migrations VALUES (999, now())")
        for migrates in [false, true] {
            let options = PostgresOptions(schema: schema, migrates: migrates)
            let newer = await #expect(throws: PenstockError.self) {
                _ = try await PostgresStore(url: Server.url(), options: options, environment: Self.silent)
            }
            #expect(newer?.code == .storeUnusable)
            #expect(newer?.message.contains("999") == true)
        }
        try owner.script("DROP SCHEMA \(schema) CASCADE")
    }

    @Test func `stores that are opened at once make the tables once`() async throws {
        let schemas = Schemas()
        let name = schemas.name(of: "place")
        let url = try Server.url()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let options = PostgresOptions(schema: name)
                    let store = try await PostgresStore(url: url, options: options, environment: Self.silent)
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        try schemas.drop()
    }

    @Test(arguments: ["", "1a", "A", "a b", "a;b", "pg_x", String(repeating: "a", count: 64)])
    func `a schema is a plain word`(name: String) {
        let error = #expect(throws: PenstockError.self) { _ = try PostgresStore.migrationScript(schema: name) }
        #expect(error?.code == .invalidName)
    }
}

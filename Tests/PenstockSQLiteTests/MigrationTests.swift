import DiskWorkload
import Penstock
import Testing

@testable import PenstockSQLite

/// A file that an older version of this program wrote is brought forward, and the work in it goes on.
@Suite("A store of an older version")
struct MigrationTests {
    /// A run that has one result and waits for another, a job with a key and one that has ended, as version 1 has them.
    private static let rows = [
        "INSERT INTO penstock_queues VALUES (1, 'flow'), (2, 'double'), (3, 'jobs')",
        "UPDATE penstock_meta SET value = 3 WHERE key = 'epoch'",
        "UPDATE penstock_meta SET value = 100 WHERE key = 'next_number'",
        """
        INSERT INTO penstock_rows VALUES
            (1, 1, 0, 1, 1, 'run', 1, 0, 5, 5, NULL, 0, 900, 77, NULL, NULL, NULL, CAST('1' AS BLOB), NULL),
            (1, 1, 1, 3, 2, NULL, 3, 0, 5, 5, 6, 1, 901, 78, 1, 0, NULL, CAST('1' AS BLOB), CAST('2' AS BLOB)),
            (1, 1, 2, 5, 2, NULL, 0, 0, 5, 5, NULL, 0, 0, 79, 1, 0, NULL, CAST('2' AS BLOB), NULL),
            (7, 7, 0, 7, 3, 'job', 0, 3, 5, 5, NULL, 2, 0, 80, NULL, NULL, 3, CAST('"a"' AS BLOB), NULL),
            (8, 8, 0, 8, 3, NULL, 3, 0, 5, 5, 9, 1, 902, 81, NULL, NULL, NULL, CAST('4' AS BLOB), CAST('8' AS BLOB))
        """,
        "PRAGMA user_version = 1",
    ]

    static func makeFirstVersion(_ path: String) throws {
        try sqlite(path, "PRAGMA journal_mode = WAL")
        for statement in Schema.migrations[0].statements + Self.rows { try sqlite(path, statement) }
    }

    @Test func `rows of the first version are kept, and have digests from then on`() async throws {
        let folder = try Folder()
        try Self.makeFirstVersion(folder.database)
        let store = try await openStore(folder.database)
        let job = try #require(try await store.item(.key(queue: "jobs", "job")))
        #expect(job.priority == 3 && job.attempt == 2 && job.payload == payload("\"a\"") && job.replyTo == "jobs")
        #expect(try await store.item(.id(ItemID(root: 8)))?.result == payload("8"))
        let next = try await store.push("1")
        #expect(next.root >= 100, "numbers go on")
        await store.close()
        #expect(try sqlite(folder.database, "PRAGMA user_version") == ["\(Schema.version)"])
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = CAST('9' AS BLOB) WHERE root = 8")
        #expect(try SQLiteStore.verify(path: folder.database).problems.contains { $0.contains("~8") })
    }

    @Test func `a run of the first version is replayed and goes on`() async throws {
        let folder = try Folder()
        try Self.makeFirstVersion(folder.database)
        let double = Activity("double") { (x: Int) in 2 * x }
        let flow = Workflow("flow") { (x: Int, context) in
            let doubled = try await context.call(double, x)
            return try await context.call(double, doubled)
        }
        let engine = try await Engine(store: .sqlite(path: folder.database), pipelines: [double, flow])
        try await engine.run {
            let run = try #require(try await engine.run(of: flow, key: "run"))
            #expect(try await run.value == 4)
        }
        #expect(engine.statistics.replayedSteps == 2)
        await engine.close()
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
    }

    @Test func `a store of the second version is verified and backed up as it is`() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        for key in ["a", "b"] { try await store.push("1", key: key) }
        await store.close()
        try sqlite(folder.database, "DROP TABLE penstock_quarantine; PRAGMA user_version = 2")
        let rows = try sqlite(folder.database, "SELECT root || key || checked_content FROM penstock_rows")
        let before = try bytes(of: folder.database)
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
        #expect(try SQLiteStore.backup(from: folder.database, to: folder.file("copy.db")).items == 2)
        #expect(try bytes(of: folder.database) == before)
        #expect(try sqlite(folder.file("copy.db"), "PRAGMA user_version") == ["2"])

        try sqlite(folder.database, "UPDATE penstock_rows SET payload = x'07' WHERE key = 'a'")
        #expect(try SQLiteStore.quarantine(path: folder.database).moved == 1)
        #expect(try sqlite(folder.database, "PRAGMA user_version") == ["\(Schema.version)"])
        #expect(try SQLiteStore.restore(folder.file("copy.db"), to: folder.database).items == 2)
        store = try await openStore(folder.database)
        #expect(try await store.lease(10).map(\.record.key) == ["a", "b"])
        await store.close()
        #expect(try sqlite(folder.database, "SELECT root || key || checked_content FROM penstock_rows") == rows)
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_quarantine") == ["0"])
    }

    @Test func `a quarantine has a place for every column of a row`() async throws {
        let folder = try Folder()
        try await openStore(folder.database).close()
        let columns = "SELECT group_concat(name) FROM pragma_table_info('%')"
        let rows = try sqlite(folder.database, columns.replacing("%", with: "penstock_rows"))
        let quarantine = try sqlite(folder.database, columns.replacing("%", with: "penstock_quarantine"))
        #expect(quarantine == rows.map { "id,quarantined,reason,\($0)" })
    }

    @Test func `a migration that fails leaves the file as it was`() async throws {
        let folder = try Folder()
        try Self.makeFirstVersion(folder.database)
        // A queue that a row names and that is not there cannot be given a digest.
        try sqlite(folder.database, "DELETE FROM penstock_queues WHERE id = 2")
        await #expect(throws: PenstockError.self) { _ = try await openStore(folder.database) }
        #expect(try sqlite(folder.database, "PRAGMA user_version") == ["1"])
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows") == ["5"])
        #expect(try sqlite(folder.database, "SELECT count(*) FROM pragma_table_info('penstock_meta')") == ["2"])
    }
}

import DiskWorkload
import Penstock
import Testing

@testable import PenstockSQLite

/// A file that somebody has made by hand may say anything, with digests that are right: a migration writes those.
@Suite("A file with numbers that no store writes")
struct HostileFileTests {
    @Test(arguments: [
        "UPDATE penstock_rows SET attempt = 9223372036854775807 WHERE root = 7",
        "UPDATE penstock_rows SET attempt = -1 WHERE root = 7",
        "UPDATE penstock_rows SET number = 9223372036854775807 WHERE root = 7",
        "UPDATE penstock_rows SET number = 1 WHERE root = 7",
    ])
    func `such an item is not served, and the others are`(change: String) async throws {
        let folder = try Folder()
        try MigrationTests.makeFirstVersion(folder.database)
        try sqlite(folder.database, change)
        let store = try await openStore(folder.database)
        try await store.push("1", key: "other")
        #expect(try await store.lease(10).map(\.record.key) == ["other"])
        let error = await #expect(throws: PenstockError.self) {
            try await store.item(.id(ItemID(root: 7, run: 7, step: 0)))
        }
        #expect(error?.code == .damaged)
        await store.close()
    }

    @Test func `a journal that is its own ends with its run when that is deleted`() async throws {
        let folder = try Folder()
        try MigrationTests.makeFirstVersion(folder.database)
        // A step whose number is that of the run which called it: its journal would be the one it is in.
        try sqlite(folder.database, "UPDATE penstock_rows SET number = 1 WHERE step = 2")
        let store = try await openStore(folder.database)
        _ = try await store.commit(Transaction([.control(.key(queue: "flow", "run"), .delete)]))
        #expect(try sqlite(folder.database, "SELECT root FROM penstock_rows ORDER BY root") == ["7", "8"])
        await store.close()
    }

    @Test(arguments: ["epoch", "next_number"])
    func `a store whose own numbers cannot be counted on is refused`(key: String) async throws {
        let folder = try Folder()
        try MigrationTests.makeFirstVersion(folder.database)
        try sqlite(folder.database, "UPDATE penstock_meta SET value = 9223372036854775807 WHERE key = '\(key)'")
        let error = await #expect(throws: PenstockError.self) { _ = try await openStore(folder.database) }
        #expect(error?.code == .damaged)
    }

    @Test func `tables that take text for an address are refused, not migrated for ever`() async throws {
        let folder = try Folder()
        try sqlite(folder.database, "PRAGMA journal_mode = WAL")
        for statement in Schema.migrations[0].statements {
            try sqlite(folder.database, statement.replacing(" STRICT, WITHOUT", with: " WITHOUT"))
        }
        try sqlite(folder.database, "INSERT INTO penstock_queues VALUES (1, 'jobs')")
        try sqlite(
            folder.database,
            """
            INSERT INTO penstock_rows VALUES \
            ('x', 1, 0, 1, 1, NULL, 0, 0, 5, 5, NULL, 0, 0, 0, NULL, NULL, NULL, CAST('1' AS BLOB), NULL)
            """
        )
        try sqlite(folder.database, "PRAGMA user_version = 1")
        let error = await #expect(throws: PenstockError.self) { _ = try await openStore(folder.database) }
        #expect(error?.code == .damaged)
        #expect(try sqlite(folder.database, "PRAGMA user_version") == ["1"])
    }
}

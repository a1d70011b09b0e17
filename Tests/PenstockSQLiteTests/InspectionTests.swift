import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Verifying a SQLite store")
struct InspectionTests {
    /// A store with a run that waits, its step, a completed item and a ready one.
    private static func makeStore(_ folder: Folder) async throws {
        let store = try await openStore(folder.database)
        _ = try await store.startRun(queue: "flow", calling: "step")
        try await store.push("1", key: "a")
        try await store.settle(try await store.lease()[0], .complete(payload("2")))
        try await store.push("1", key: "b")
        await store.close()
    }

    @Test("A sound store has no problems, and is left as it was")
    func sound() async throws {
        let folder = try Folder()
        try await Self.makeStore(folder)
        let before = try bytes(of: folder.database)
        let report = try SQLiteStore.verify(path: folder.database)
        #expect(report.isSound, "\(report.problems)")
        #expect(report.items == 4)
        #expect(try bytes(of: folder.database) == before)
        #expect(try folder.names == ["app.db", "app.db-owner"])
    }

    @Test("A header that lets nothing be written is found")
    func header() async throws {
        let folder = try Folder()
        try await Self.makeStore(folder)
        var damaged = try bytes(of: folder.database)
        // The version that a writer has to know.
        damaged[18] ^= 8
        try Data(damaged).write(to: URL(filePath: folder.database))
        let problems = try SQLiteStore.verify(path: folder.database).problems
        #expect(problems.contains { $0.hasPrefix("the header names a later format") }, "\(problems)")
        let error = #expect(throws: PenstockError.self) { try SQLiteStore.quarantine(path: folder.database) }
        #expect(error?.code == .storeUnusable)
    }

    @Test(
        "Planted damage is found and named",
        arguments: [
            ("UPDATE penstock_rows SET state = 9 WHERE key = 'a'", "has state 9"),
            ("UPDATE penstock_rows SET queue = 77 WHERE key = 'a'", "queue 77"),
            ("UPDATE penstock_rows SET settled = NULL WHERE key = 'a'", "not at any time"),
            ("UPDATE penstock_rows SET settled = 5 WHERE key = 'b'", "time of its end"),
            ("UPDATE penstock_rows SET result = NULL WHERE key = 'a'", "without a result"),
            ("UPDATE penstock_rows SET number = 9 WHERE key = 'a'", "root with number 9"),
            ("UPDATE penstock_rows SET number = 1 WHERE key = 'a'", "given to 2 items"),
            ("UPDATE penstock_meta SET value = 2 WHERE key = 'next_number'", "not given out yet"),
            ("UPDATE penstock_rows SET caller_run = 55 WHERE step = 1", "a run that is not there"),
            ("DELETE FROM penstock_rows WHERE state = 1", "a run that is not there"),
            ("DELETE FROM penstock_rows WHERE step = 1", "waits for none"),
            ("UPDATE penstock_rows SET state = 5, settled = 5 WHERE step = 1", "waits for none"),
            ("UPDATE penstock_rows SET step = 2 WHERE step = 1", "1 steps up to step 2"),
            ("UPDATE penstock_rows SET payload = CAST('7' AS BLOB) WHERE key = 'a'", "item ~4 is not what was stored"),
            ("UPDATE penstock_rows SET attempt = attempt + 1 WHERE key = 'b'", "item ~5 is not what was stored"),
            ("UPDATE penstock_queues SET name = 'other' WHERE name = 'jobs'", "is not what was stored"),
            ("UPDATE penstock_meta SET value = 0 WHERE key = 'epoch'", "'epoch' is not what was stored"),
            (
                """
                PRAGMA writable_schema = on; \
                UPDATE sqlite_schema SET sql = replace(sql, 'state = 0', 'state = 3') WHERE name = 'penstock_ready'
                """, "penstock_ready"
            ),
        ]
    )
    func planted(sql: String, complaint: String) async throws {
        let folder = try Folder()
        try await Self.makeStore(folder)
        try sqlite(folder.database, sql)
        let report = try SQLiteStore.verify(path: folder.database)
        #expect(report.problems.contains { $0.contains(complaint) }, "\(report.problems)")
    }

    @Test("A step that is sound in itself, and from another copy of the store, breaks the chain of its journal")
    func foreignStep() async throws {
        let folder = try Folder()
        for (name, argument) in [("a.db", "1"), ("b.db", "2")] {
            let store = try await openStore(folder.file(name))
            let run = try await store.startRun(queue: "flow", calling: "step", argument)
            try await store.call(2, of: run, "step", "3", and: .settle(run.lease, .rest))
            await store.close()
            #expect(try SQLiteStore.verify(path: folder.file(name)).problems == [])
        }
        try sqlite(
            folder.file("a.db"),
            """
            ATTACH '\(folder.file("b.db"))' AS b; \
            REPLACE INTO main.penstock_rows SELECT * FROM b.penstock_rows WHERE step = 1
            """
        )
        let problems = try SQLiteStore.verify(path: folder.file("a.db")).problems
        #expect(problems == ["item ~1.2 does not go on from the step before it in its journal"])
    }

    @Test("A store that somebody has open, a file that is none and a file that is not there are refused")
    func refused() async throws {
        let folder = try Folder()
        func code(_ path: String) -> PenstockError.Code? {
            #expect(throws: PenstockError.self) { try SQLiteStore.verify(path: path) }?.code
        }
        #expect(code(folder.database) == .storeUnusable)
        #expect(try folder.names == [])
        let store = try await openStore(folder.database)
        #expect(code(folder.database) == .storeOwned)
        await store.close()
        try sqlite(folder.file("other.db"), "CREATE TABLE t (x)")
        #expect(code(folder.file("other.db")) == .storeUnusable)
    }

    @Test("Whoever may only read a file can look through it, and leaves nothing beside it", arguments: [0o777, 0o555])
    func readOnly(directory: mode_t) async throws {
        let folder = try Folder()
        let path = folder.database
        try await openStore(path).close()
        for (name, mode) in [("\(path)-owner", 0o666), (path, 0o444), (folder.path, directory)] {
            #expect(unsafe chmod(name, mode) == 0)
        }
        defer { unsafe _ = chmod(folder.path, 0o777) }
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
            // Root may write everywhere.
            if getuid() == 0 { #expect(setuid(65_534) == 0) }
            let found = try SQLiteStore.verify(path: path)
            exit(found.isSound ? 7 : 1)
        }
        #expect(try folder.names == ["app.db", "app.db-owner"])
    }
}

import CSQLite
import Penstock

/// The tables, how they came about, and the marks by which a file is known to be ours.
///
/// A row of `penstock_rows` is a queue item, a journal entry and a run at once. Rows are clustered by tree, run and
/// step, so a journal is one range of neighbours, and a call touches nothing but that range and, while it is ready, one
/// index.
enum Schema {
    /// "PNST", in the header of the file.
    static let applicationID: Int64 = 0x504e_5354

    /// The version that this program writes, in the header of the file.
    static var version: Int64 { Int64(Self.migrations.count) }

    /// What leads from one version to the next.
    struct Migration: Sendable {
        /// What is run first, one after the other.
        let statements: [String]
        /// What is done after that, in the same transaction, and takes more than SQL.
        var finish: @Sendable (SQLiteConnection) throws(PenstockError) -> Void = { _ in }
    }

    /// What leads from each version to the next.
    ///
    /// A step that was released is never changed.
    static let migrations = [
        Migration(statements: Self.first),
        Migration(statements: Self.second) { connection throws(PenstockError) in
            try DigestMigration(connection).run()
        },
        Migration(statements: Self.third),
    ]

    /// The indexes over the rows, which can be made anew at any time.
    static let indexes: [(name: String, sql: String)] = Self.migrations.flatMap(\.statements).compactMap { statement in
        let words = statement.split(separator: " ").filter { $0 != "UNIQUE" }
        guard words.starts(with: ["CREATE", "INDEX"]), words.count > 2 else { return nil }
        return (String(words[2]), statement)
    }

    /// Rows that were damaged, as they were found: a column holds whatever stood in the row, whatever its type is.
    private static let third = [
        """
        CREATE TABLE penstock_quarantine (
            id INTEGER PRIMARY KEY, quarantined INTEGER NOT NULL, reason TEXT NOT NULL,
            root ANY, run ANY, step ANY, number ANY, queue ANY, key ANY, state ANY, priority ANY, due ANY, created ANY,
            settled ANY, attempt ANY, token ANY, digest ANY, caller_run ANY, caller_step ANY, reply_to ANY,
            payload ANY, result ANY, checked_content ANY, checked_state ANY
        ) STRICT
        """
    ]

    /// The columns `checked…` hold digests of the others, since SQLite does not notice most flipped bits.
    private static let second = [
        "ALTER TABLE penstock_meta ADD COLUMN checked INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE penstock_queues ADD COLUMN checked INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE penstock_rows ADD COLUMN checked_content INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE penstock_rows ADD COLUMN checked_state INTEGER NOT NULL DEFAULT 0",
    ]

    private static let first = [
        "PRAGMA application_id = \(Self.applicationID)",
        "CREATE TABLE penstock_meta (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        """
        INSERT INTO penstock_meta VALUES
            ('epoch', 0), ('next_number', 1), ('created', CAST(strftime('%s', 'now') AS INTEGER) * 1000)
        """,
        "CREATE TABLE penstock_queues (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        // Payload and result stand last, so that the rest is read without touching the pages they spill over to.
        """
        CREATE TABLE penstock_rows (
            root INTEGER NOT NULL, run INTEGER NOT NULL, step INTEGER NOT NULL,
            number INTEGER NOT NULL, queue INTEGER NOT NULL, key TEXT, state INTEGER NOT NULL,
            priority INTEGER NOT NULL, due INTEGER NOT NULL, created INTEGER NOT NULL, settled INTEGER,
            attempt INTEGER NOT NULL, token INTEGER NOT NULL, digest INTEGER NOT NULL,
            caller_run INTEGER, caller_step INTEGER, reply_to INTEGER,
            payload BLOB NOT NULL, result BLOB,
            PRIMARY KEY (root, run, step)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX penstock_keys ON penstock_rows (queue, key) WHERE step = 0 AND key IS NOT NULL",
        "CREATE INDEX penstock_roots ON penstock_rows (queue, root) WHERE step = 0",
        "CREATE INDEX penstock_ready ON penstock_rows (queue, priority DESC, due, number) WHERE state = 0",
        "CREATE INDEX penstock_parked ON penstock_rows (queue, priority DESC, due, number) WHERE state IN (1, 2)",
        // For people: nothing in Penstock reads it.
        """
        CREATE VIEW penstock_items AS SELECT
            penstock_queues.name AS queue,
            coalesce(penstock_rows.key, CASE
                WHEN step = 0 THEN '~' || root
                WHEN run = root THEN '~' || root || '.' || step
                ELSE '~' || root || '.' || run || '.' || step END) AS key,
            CASE state WHEN 0 THEN 'ready' WHEN 1 THEN 'parked' WHEN 2 THEN 'diverged' WHEN 3 THEN 'completed'
                WHEN 4 THEN 'failed' WHEN 5 THEN 'cancelled' ELSE 'damaged: ' || state END AS state,
            priority, attempt, CAST(payload AS TEXT) AS payload, CAST(result AS TEXT) AS result,
            strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') AS created,
            strftime('%Y-%m-%dT%H:%M:%fZ', due / 1000.0, 'unixepoch') AS due,
            strftime('%Y-%m-%dT%H:%M:%fZ', settled / 1000.0, 'unixepoch') AS settled,
            (SELECT name FROM penstock_queues WHERE id = penstock_rows.reply_to) AS reply_to,
            root, run, step, number, caller_run, caller_step, token
        FROM penstock_rows LEFT JOIN penstock_queues ON penstock_queues.id = penstock_rows.queue
        """,
    ]

    /// Refuses a file that is not ours or is newer than this program, before anything is written.
    static func check(_ connection: SQLiteConnection, path: String) throws(PenstockError) {
        let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
        let mark = try connection.integer("PRAGMA application_id") ?? 0
        let found = try connection.integer("PRAGMA user_version") ?? 0
        if isEmpty, mark == 0, found == 0 { return }
        guard mark == Self.applicationID else {
            throw PenstockError(
                .storeUnusable,
                "'\(path)' is a database of another program: give Penstock a file of its own; nothing was written"
            )
        }
        guard (1...Self.version).contains(found) else {
            throw PenstockError(
                .storeUnusable,
                """
                '\(path)' has schema version \(found), and this program knows \(Self.version): use the newer program \
                that wrote it; nothing was written
                """
            )
        }
    }

    /// Brings the tables to the version of this program, one transaction a step.
    static func migrate(_ connection: SQLiteConnection) throws(PenstockError) {
        while true {
            let found = Int(try connection.integer("PRAGMA user_version") ?? 0)
            guard found < Self.migrations.count else { return }
            try connection.execute("BEGIN IMMEDIATE")
            do throws(PenstockError) {
                for statement in Self.migrations[found].statements { try connection.execute(statement) }
                try Self.migrations[found].finish(connection)
                try connection.execute("PRAGMA user_version = \(found + 1)")
                try connection.execute("COMMIT")
            } catch {
                if !connection.isIdle { try connection.execute("ROLLBACK") }
                throw error
            }
        }
    }

    /// Refuses a library that lacks what the tables and the threads need.
    static func checkLibrary() throws(PenstockError) {
        guard sqlite3_libversion_number() >= 3_037_000 else {
            let version = unsafe String(cString: sqlite3_libversion())
            throw PenstockError(
                .storeUnusable,
                "the SQLite library is version \(version), and 3.37 or newer is needed: install a newer one"
            )
        }
        guard sqlite3_threadsafe() != 0 else {
            throw PenstockError(
                .storeUnusable,
                "the SQLite library was built without threads: install one that was built with SQLITE_THREADSAFE"
            )
        }
    }
}

import CSQLite
package import Penstock

/// What a look through a whole store has found.
public struct SQLiteInspection: Sendable, Hashable {
    /// What is wrong, one line each; at most a hundred lines of each kind.
    public let problems: [String]

    /// How many rows were looked through.
    public let items: Int

    /// How many rows were damaged once and are in quarantine.
    public let quarantined: Int

    /// Whether nothing is wrong.
    ///
    /// What is in quarantine is served to nobody, and does not count.
    public var isSound: Bool { self.problems.isEmpty }

    /// The first version of the tables that has digests.
    private static let firstVersion: Int64 = 2

    /// Looks through a file that nobody is writing to, and leaves it as it is.
    package init(of file: DatabaseFile) throws(PenstockError) {
        let path = file.path
        do throws(PenstockError) {
            let connection = try SQLiteConnection.visiting(file)
            try connection.execute("PRAGMA query_only = on")
            try connection.execute("PRAGMA cell_size_check = on")
            try Schema.check(connection, path: path)
            guard try connection.integer("PRAGMA user_version") ?? 0 >= Self.firstVersion else {
                throw PenstockError(
                    .storeUnusable,
                    "'\(path)' is empty or of an older version: open it once, and verify it then"
                )
            }
            // Only what SQLite reads as the header says so, which may be in the log.
            let isFormatLater = file.system == nil && SQLiteConnection.mayWrite(file) && connection.mayOnlyRead
            try self.init(over: connection, path: path, isFormatLater ? [Self.laterFormat] : [])
        } catch {
            throw error.naming(path)
        }
    }

    private static let laterFormat =
        "the header names a later format, of which nothing can be written: a byte of it has changed"

    /// Looks through what a connection sees, a transaction of its own that is open included.
    ///
    /// - Parameter known: What is known to be wrong already.
    init(over connection: SQLiteConnection, path: String, _ known: [String] = []) throws(PenstockError) {
        var problems = known
        for query in Self.queries {
            try Self.asFarAsItGoes(&problems) { problems throws(PenstockError) in
                problems += try Self.lines(query, connection)
            }
        }
        var digests = DigestInspection(of: connection, path: path)
        try Self.asFarAsItGoes(&problems) { _ throws(PenstockError) in try digests.look() }
        problems += digests.found
        self.problems = problems
        self.items = Self.count("penstock_rows", connection)
        self.quarantined = Self.count("penstock_quarantine", connection)
    }

    /// Asks something; that the file is too damaged for it is an answer, and the other questions may still have theirs.
    private static func asFarAsItGoes(
        _ problems: inout [String],
        _ body: (inout [String]) throws(PenstockError) -> Void
    ) throws(PenstockError) {
        do throws(PenstockError) {
            try body(&problems)
        } catch  where error.code == .storeUnusable {
            let line = "not everything can be read: \(error)"
            if !problems.contains(line) { problems.append(line) }
        }
    }

    /// How many rows a table has; none when it cannot be read, or is not there because the file is of an older version.
    private static func count(_ table: String, _ connection: SQLiteConnection) -> Int {
        (try? connection.integer("SELECT count(*) FROM \(table)")).map { Int($0) } ?? 0
    }

    private static func lines(_ query: String, _ connection: SQLiteConnection) throws(PenstockError) -> [String] {
        let statement = try connection.prepare(query)
        var lines: [String] = []
        while lines.count < 100, try statement.step() {
            let line = statement.text(0)
            if line != "ok" { lines.append(line) }
        }
        return lines
    }

    /// Each answers a line for every violation of something that always holds between two transactions.
    private static let queries = [
        "PRAGMA integrity_check(100)",
        Self.items("has state ' || state || ', which is none", where: "state NOT BETWEEN 0 AND 5"),
        Self.items(
            "is in queue ' || queue || ', which is not there",
            where: "queue NOT IN (SELECT id FROM penstock_queues)"
        ),
        Self.items("has ended, but not at any time", where: "state >= 3 AND settled IS NULL"),
        Self.items("has not ended, but has a time of its end", where: "state < 3 AND settled IS NOT NULL"),
        Self.items("is completed without a result", where: "state = 3 AND result IS NULL"),
        Self.items("is a root with number ' || number || '", where: "step = 0 AND (number <> root OR run <> root)"),
        Self.items(
            "has a number that was not given out yet",
            where: "number >= (SELECT value FROM penstock_meta WHERE key = 'next_number')"
        ),
        Self.items(
            "was called by a run that is not there",
            where: """
                step > 0 AND NOT EXISTS (SELECT 1 FROM penstock_rows AS caller WHERE caller.root = item.root \
                AND caller.run = item.caller_run AND caller.step = item.caller_step AND caller.number = item.run)
                """
        ),
        Self.items(
            "is a run that waits for none of its steps",
            where: """
                state = 1 AND NOT EXISTS (SELECT 1 FROM penstock_rows AS called WHERE called.root = item.root \
                AND called.run = item.number AND called.step > 0 AND called.state < 3)
                """
        ),
        """
        SELECT 'the journal of run ' || run || ' in tree ' || root || ' has ' || count(*) || ' steps up to step ' \
        || max(step) FROM penstock_rows WHERE step > 0 GROUP BY root, run HAVING count(*) <> max(step)
        """,
        """
        SELECT 'number ' || number || ' was given to ' || count(*) || ' items' FROM penstock_rows GROUP BY number \
        HAVING count(*) > 1
        """,
    ]

    /// A query for rows that are as they should not be.
    private static func items(_ complaint: String, where condition: String) -> String {
        """
        SELECT 'item ' || root || '.' || run || '.' || step || ' \(complaint)' FROM penstock_rows AS item
        WHERE \(condition)
        """
    }
}

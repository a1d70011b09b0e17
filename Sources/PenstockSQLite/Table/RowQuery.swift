/// The statements over the rows, each compiled once for a connection.
enum RowQuery: Int, CaseIterable {
    case begin, commit, rollback, savepoint, rollbackToSavepoint, releaseSavepoint
    case insert, update, overrule, rewrite, delete
    case row, rowWithKey, allAfter
    case ready, readyBelow, parked, parkedBelow, roots, rootBefore, journal
    case readyCounts, parkedCounts
    case queueNamed, queueName, lastQueue, addQueue
    case meta, setMeta

    /// The columns in the order in which ``SQLiteTable`` reads and writes them.
    static let columns = """
        root, run, step, number, queue, key, state, priority, due, created, settled, attempt, token, digest, \
        caller_run, caller_step, reply_to, payload, result, checked_content, checked_state
        """

    /// The statement.
    ///
    /// Where a page has to follow an index, it says so: a query that SQLite would answer in another way then fails
    /// in the first test instead of growing slow with the table.
    var sql: String {
        let select = "SELECT \(Self.columns) FROM penstock_rows"
        return switch self {
        case .begin: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .savepoint: "SAVEPOINT mark"
        case .rollbackToSavepoint: "ROLLBACK TO mark"
        case .releaseSavepoint: "RELEASE mark"
        case .insert: "INSERT INTO penstock_rows (\(Self.columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        case .update:
            """
            UPDATE penstock_rows SET state = ?, due = ?, attempt = ?, token = ?, settled = ?, result = ?, \
            checked_state = ? WHERE root = ? AND run = ? AND step = ? AND (1 << state) & ?
            """
        case .overrule:
            """
            UPDATE penstock_rows SET state = ?, due = ?, attempt = ?, token = ?, settled = ?, result = ?, \
            checked_state = ? WHERE root = ? AND run = ? AND step = ?
            """
        case .rewrite:
            """
            UPDATE penstock_rows SET payload = ?, digest = ?, checked_content = ? \
            WHERE root = ? AND run = ? AND step = ?
            """
        case .delete: "DELETE FROM penstock_rows WHERE root = ? AND run = ? AND step = ?"
        case .row: "\(select) WHERE root = ? AND run = ? AND step = ?"
        case .allAfter: "\(select) WHERE (root, run, step) > (?, ?, ?) ORDER BY root, run, step LIMIT ?"
        case .rowWithKey:
            "\(select) INDEXED BY penstock_keys WHERE step = 0 AND key IS NOT NULL AND queue = ? AND key = ?"
        case .ready: "\(select) INDEXED BY penstock_ready WHERE state = 0 \(Self.laneFrom)"
        case .readyBelow: "\(select) INDEXED BY penstock_ready WHERE state = 0 \(Self.lanesBelow)"
        case .parked: "\(select) INDEXED BY penstock_parked WHERE state IN (1, 2) \(Self.laneFrom)"
        case .parkedBelow: "\(select) INDEXED BY penstock_parked WHERE state IN (1, 2) \(Self.lanesBelow)"
        case .roots:
            """
            \(select) INDEXED BY penstock_roots WHERE step = 0 AND queue = ? AND root < ? AND (1 << state) & ? \
            ORDER BY root DESC
            """
        case .rootBefore: "SELECT max(root) FROM penstock_rows WHERE root < ?"
        case .journal:
            "\(select) WHERE root = ? AND run = ? AND step > ? AND (1 << state) & ? ORDER BY step"
        case .readyCounts:
            "SELECT queue, priority, count(*) FROM penstock_rows WHERE state = 0 GROUP BY queue, priority"
        case .parkedCounts: "SELECT queue, count(*) FROM penstock_rows WHERE state IN (1, 2) GROUP BY queue"
        case .queueNamed: "SELECT id, checked FROM penstock_queues WHERE name = ?"
        case .queueName: "SELECT name, checked FROM penstock_queues WHERE id = ?"
        case .lastQueue: "SELECT max(id) FROM penstock_queues"
        case .addQueue: "INSERT INTO penstock_queues VALUES (?, ?, ?)"
        case .meta: "SELECT value, checked FROM penstock_meta WHERE key = ?"
        case .setMeta: "UPDATE penstock_meta SET value = ?, checked = ? WHERE key = ?"
        }
    }

    /// One lane from a place on.
    private static let laneFrom = """
        AND queue = ? AND priority = ? AND (due, number) >= (?, ?) AND (1 << state) & ? ORDER BY due, number
        """

    /// All lanes below a priority, one after the other.
    private static let lanesBelow = """
        AND queue = ? AND priority < ? AND (1 << state) & ? ORDER BY priority DESC, due, number
        """
}

/// Everything that a store says to the server, for the tables of one schema.
///
/// Rows come and go as arrays, so that a statement costs the same round trip for one row as for a thousand. A statement
/// that finds fewer rows than it was told fails with ``Statements/changed``, and takes the transaction with it.
struct Statements: Sendable {
    /// What the server says when rows are not what the process took them for.
    static let changed = "PS001"
    /// What it says when the process is not in the list any more, or has missed a commit of its own.
    static let expelled = "PS002"

    let begin = PostgresStatement("BEGIN ISOLATION LEVEL READ COMMITTED")
    let commit = PostgresStatement("COMMIT")
    let rollback = PostgresStatement("ROLLBACK")
    let savepoint = PostgresStatement("SAVEPOINT penstock")
    let rollbackToSavepoint = PostgresStatement("ROLLBACK TO SAVEPOINT penstock")
    let releaseSavepoint = PostgresStatement("RELEASE SAVEPOINT penstock")
    /// The user's own statements are planned as the server sees fit, and the store's by their indexes.
    let plansForUsers = Statements.plans(isOn: true)
    let plansForStore = Statements.plans(isOn: false)
    let numbers: PostgresStatement

    /// Counts a group of a process's transactions, and tells the time.
    let mark: PostgresStatement

    // Reading for a transaction, which locks what it finds.
    let lockItems: PostgresStatement
    let lockSettled: PostgresStatement
    let findKeys: PostgresStatement
    let lockJournal: PostgresStatement
    let lockWaiting: PostgresStatement
    let lockQueue: PostgresStatement
    let unsettled: PostgresStatement

    // Writing.
    let insertItems: PostgresStatement
    let insertSettled: PostgresStatement
    let insertKeys: PostgresStatement
    let updateItems: PostgresStatement
    let markItems: PostgresStatement
    let settleItems: PostgresStatement
    let reviveSettled: PostgresStatement
    let rewriteItems: PostgresStatement
    let deleteItems: PostgresStatement
    let deleteSettled: PostgresStatement
    let deleteKeys: PostgresStatement
    let insertNews: PostgresStatement
    let addCounts: PostgresStatement

    // Leasing.
    let claim: PostgresStatement
    let claimOne: PostgresStatement
    let nextDue: PostgresStatement
    let extend: PostgresStatement
    let ended: PostgresStatement
    let nextEnd: PostgresStatement

    // Processes.
    let enter: PostgresStatement
    let bury: PostgresStatement
    let buryDead: PostgresStatement
    let rescue: PostgresStatement
    let foldCounts: PostgresStatement
    let groups: PostgresStatement
    let strays: PostgresStatement
    let evict: PostgresStatement

    init(_ schema: PostgresSchema) {
        let s = schema.name
        self.numbers = PostgresStatement("SELECT nextval('\(s).numbers') FROM generate_series(1, $1::int)")
        self.mark = PostgresStatement(
            """
            WITH w AS (
                UPDATE \(s).processes SET groups = $2::bigint
                WHERE id = $1::bigint AND died IS NULL AND groups = $2::bigint - 1 RETURNING 1
            ) SELECT \(s).clock(), \(s).expect((SELECT count(*) FROM w), 1, '\(Self.expelled)')
            """
        )
        (self.lockItems, self.lockSettled) = (Self.lock("items", in: s), Self.lock("settled", in: s))
        self.findKeys = PostgresStatement(
            """
            SELECT queue, key, root FROM \(s).keys
            JOIN unnest($1::text[], $2::text[]) AS u(queue, key) USING (queue, key)
            """
        )
        (self.lockJournal, self.lockWaiting) = (Self.journal(in: s, locks: true), Self.waiting(in: s, locks: true))
        self.lockQueue = PostgresStatement("SELECT pg_advisory_xact_lock(hashtextextended('\(s).' || $1::text, 1))")
        self.unsettled = PostgresStatement(
            "SELECT coalesce(sum(ready + leased + parked), 0)::bigint FROM \(s).counters WHERE queue = $1::text"
        )
        (self.insertItems, self.insertSettled) = (Self.insertion(into: s), Self.settledInsertion(into: s))
        self.insertKeys = PostgresStatement(
            "INSERT INTO \(s).keys (queue, key, root) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
        )
        (self.updateItems, self.markItems) = (Self.update(in: s), Self.marking(in: s))
        (self.settleItems, self.reviveSettled) = (Self.settling(in: s), Self.reviving(in: s))
        self.rewriteItems = Self.rewriting(in: s)
        (self.deleteItems, self.deleteSettled) = (Self.deletion("items", in: s), Self.deletion("settled", in: s))
        self.deleteKeys = PostgresStatement(
            """
            DELETE FROM \(s).keys k USING unnest($1::text[], $2::text[]) AS u(queue, key)
            WHERE k.queue = u.queue AND k.key = u.key
            """
        )
        self.insertNews = PostgresStatement(
            """
            INSERT INTO \(s).news (holder, root, run, step, token, news)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::bigint[], $6::int[])
            """
        )
        self.addCounts = Self.counting(in: s)
        (self.claim, self.claimOne) = (Self.claiming(in: s), Self.claimingOne(in: s))
        self.nextDue = Self.nextDue(in: s)
        (self.extend, self.ended, self.nextEnd) = (Self.extending(in: s), Self.ended(in: s), Self.nextEnd(in: s))
        (self.enter, self.bury) = (Self.entering(in: s), Self.burying(in: s))
        self.buryDead = Self.buryingDead(in: s)
        (self.rescue, self.foldCounts) = (Self.rescuing(in: s), Self.folding(in: s))
        self.groups = PostgresStatement(
            "SELECT groups, died IS NOT NULL, \(s).clock() FROM \(s).processes WHERE id = $1::bigint FOR UPDATE"
        )
        self.strays = PostgresStatement(
            "SELECT \(PostgresRow.columns), last_token FROM \(s).items WHERE holder = $1::bigint"
        )
        self.evict = PostgresStatement(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid = $1::int AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
            """
        )
    }
}

extension Statements {
    /// How statements are planned for the rest of the transaction.
    private static func plans(isOn: Bool) -> PostgresStatement {
        let settings = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"].map { name in
            "set_config('\(name)', '\(isOn ? "on" : "off")', true)"
        }
        let mode = "set_config('plan_cache_mode', '\(isOn ? "auto" : "force_generic_plan")', true)"
        return PostgresStatement("SELECT \((settings + [mode]).joined(separator: ", "))")
    }
}

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
    /// A list of addresses, as the first three values of a statement.
    static let addresses = "unnest($1::bigint[], $2::bigint[], $3::int[]) AS u(root, run, step)"

    /// Whether a row is the one that stands in `u`.
    static func isSame(_ table: String) -> String {
        "\(table).root = u.root AND \(table).run = u.run AND \(table).step = u.step"
    }

    /// Fails unless `counted` has as many rows as the value `place` says.
    static func expect(_ counted: String, _ place: Int, in s: String) -> String {
        "SELECT \(s).expect((SELECT count(*) FROM \(counted)), $\(place)::bigint, '\(Self.changed)')"
    }

    private static func lock(_ table: String, in s: String) -> PostgresStatement {
        let columns = table == "items" ? PostgresRow.columns : PostgresRow.settledColumns
        return PostgresStatement(
            """
            SELECT \(columns) FROM \(s).\(table) i JOIN \(Self.addresses) USING (root, run, step)
            ORDER BY root, run, step FOR UPDATE OF i
            """
        )
    }

    /// Adds rows, of which a step must not be there yet: those that have ended are in the other table, where no key of
    /// this one would meet them.
    private static func insertion(into s: String) -> PostgresStatement {
        let columns = """
            root, run, step, number, queue, key, state, priority, due, created, attempt, token, digest, caller_run, \
            caller_step, reply_to, holder
            """
        return PostgresStatement(
            """
            WITH w AS (
                INSERT INTO \(s).items (\(columns), lease_end, has_steps, payload, result)
                SELECT \(columns), coalesce($22::bigint, \(s).clock()) + lease, steps <> 0, payload, result
                FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[], $6::text[],
                    $7::smallint[], $8::smallint[], $9::bigint[], $10::bigint[], $11::int[], $12::bigint[],
                    $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::bigint[], $18::bigint[], $19::int[],
                    $20::bytea[], $21::bytea[]) AS u(\(columns), lease, steps, payload, result)
                WHERE step = 0 OR \(Self.isMissing("settled", in: s)) RETURNING 1
            ) \(Self.expect("w", 23, in: s))
            """
        )
    }

    private static func settledInsertion(into s: String) -> PostgresStatement {
        let columns = """
            root, run, step, number, queue, key, state, priority, due, created, settled, attempt, token, digest, \
            caller_run, caller_step, reply_to, payload, result
            """
        return PostgresStatement(
            """
            WITH w AS (
                INSERT INTO \(s).settled (\(columns))
                SELECT \(columns) FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[],
                    $6::text[], $7::smallint[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::int[],
                    $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[], $18::bytea[],
                    $19::bytea[]) AS u(\(columns))
                WHERE \(Self.isMissing("items", in: s)) RETURNING 1
            ) \(Self.expect("w", 20, in: s))
            """
        )
    }

    private static func isMissing(_ table: String, in s: String) -> String {
        "NOT EXISTS (SELECT FROM \(s).\(table) AS o WHERE \(Self.isSame("o")))"
    }

    /// What a row has to be for a change to be made: under the same token, in the same state, as held as before.
    ///
    /// Wake-ups are compared only where `wakes` says how many were known.
    private static let isUnchanged = """
        i.token = u.was_token AND i.state = u.was_state AND (i.holder IS NOT NULL) = (u.was_held <> 0)
        """

    private static func update(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH w AS (
                UPDATE \(s).items i SET state = u.state, due = u.due, attempt = u.attempt, token = u.token,
                    result = u.result, wakes = CASE WHEN u.held = 0 THEN 0 ELSE i.wakes + u.woken END,
                    holder = CASE WHEN u.held = 0 THEN NULL ELSE i.holder END,
                    lease_end = CASE WHEN u.held = 0 THEN NULL ELSE i.lease_end END,
                    resting = u.resting <> 0, has_steps = u.steps <> 0
                FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::smallint[], $6::smallint[],
                    $7::int[], $8::smallint[], $9::bigint[], $10::int[], $11::bigint[], $12::int[], $13::smallint[],
                    $14::smallint[], $15::smallint[], $16::bytea[])
                AS u(root, run, step, was_token, was_state, was_held, was_wakes, state, due, attempt, token, woken,
                    held, resting, steps, result)
                WHERE \(Self.isSame("i")) AND \(Self.isUnchanged) AND (u.was_wakes < 0 OR u.was_wakes = i.wakes)
                RETURNING 1
            ) \(Self.expect("w", 17, in: s))
            """
        )
    }

    /// Notes that the holders of runs wait with them, and that they have a journal.
    private static func marking(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH w AS (
                UPDATE \(s).items i SET resting = u.resting <> 0, has_steps = u.steps <> 0
                FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::smallint[], $6::smallint[])
                AS u(root, run, step, token, resting, steps)
                WHERE \(Self.isSame("i")) AND i.token = u.token RETURNING 1
            ) \(Self.expect("w", 7, in: s))
            """
        )
    }

    /// What stays as it is when a row moves from one table to the other.
    private static let kept = """
        root, run, step, number, queue, key, priority, created, digest, caller_run, caller_step, reply_to, has_steps, \
        payload
        """

    private static func settling(in s: String) -> PostgresStatement {
        let kept = Self.kept
        let returned = kept.split(separator: ", ").map { "i.\($0)" }.joined(separator: ", ")
        let written = "state, due, settled, attempt, token, result"
        return PostgresStatement(
            """
            WITH d AS (
                DELETE FROM \(s).items i USING unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[],
                    $5::smallint[], $6::smallint[], $7::smallint[], $8::bigint[], $9::bigint[], $10::int[],
                    $11::bigint[], $12::bytea[])
                AS u(root, run, step, was_token, was_state, was_held, state, due, settled, attempt, token, result)
                WHERE \(Self.isSame("i")) AND \(Self.isUnchanged)
                RETURNING \(returned), u.state, u.due, u.settled, u.attempt, u.token, u.result
            ), w AS (
                INSERT INTO \(s).settled (\(kept), \(written)) SELECT \(kept), \(written) FROM d RETURNING 1
            ) \(Self.expect("w", 13, in: s))
            """
        )
    }

    /// Moves rows back that had ended and begin again.
    private static func reviving(in s: String) -> PostgresStatement {
        let kept = Self.kept
        let returned = kept.split(separator: ", ").map { "i.\($0)" }.joined(separator: ", ")
        let written = "state, due, attempt, token, result"
        return PostgresStatement(
            """
            WITH d AS (
                DELETE FROM \(s).settled i USING unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[],
                    $5::smallint[], $6::bigint[], $7::int[], $8::bigint[], $9::bytea[])
                AS u(root, run, step, was_token, state, due, attempt, token, result)
                WHERE \(Self.isSame("i")) AND i.token = u.was_token
                RETURNING \(returned), u.state, u.due, u.attempt, u.token, u.result
            ), w AS (
                INSERT INTO \(s).items (\(kept), \(written)) SELECT \(kept), \(written) FROM d RETURNING 1
            ) \(Self.expect("w", 10, in: s))
            """
        )
    }

    private static func rewriting(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH w AS (
                UPDATE \(s).items i SET payload = u.payload, digest = u.digest
                FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bytea[])
                AS u(root, run, step, digest, payload) WHERE \(Self.isSame("i")) RETURNING 1
            ) \(Self.expect("w", 6, in: s))
            """
        )
    }

    private static func deletion(_ table: String, in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH w AS (
                DELETE FROM \(s).\(table) i
                USING unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[]) AS u(root, run, step, was_token)
                WHERE \(Self.isSame("i")) AND i.token = u.was_token RETURNING 1
            ) \(Self.expect("w", 5, in: s))
            """
        )
    }

    private static func counting(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO \(s).counters AS c (queue, process, ready, leased, parked)
            SELECT queue, $1::bigint, ready, leased, parked
            FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS u(queue, ready, leased, parked)
            ON CONFLICT (queue, process) DO UPDATE SET ready = c.ready + excluded.ready,
                leased = c.leased + excluded.leased, parked = c.parked + excluded.parked
            """
        )
    }
}

/// Rows: how they are locked, written and moved.
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

    static func lock(_ table: String, in s: String) -> PostgresStatement {
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
    static func insertion(into s: String) -> PostgresStatement {
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
                \(Self.whereMissing("settled", in: s)) RETURNING 1
            ) \(Self.expect("w", 23, in: s))
            """
        )
    }

    static func settledInsertion(into s: String) -> PostgresStatement {
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
                \(Self.whereMissing("items", in: s)) RETURNING 1
            ) \(Self.expect("w", 20, in: s))
            """
        )
    }

    /// Keeps the rows that are not in a table yet: steps only, for every root is new.
    ///
    /// They are looked up one by one; the bound keeps the server from reading the whole table for it.
    private static func whereMissing(_ table: String, in s: String) -> String {
        """
        LEFT JOIN LATERAL (
            SELECT true AS is_there FROM \(s).\(table) AS o WHERE u.step > 0 AND \(Self.isSame("o")) LIMIT 1
        ) AS there ON true WHERE there.is_there IS NULL
        """
    }

    /// What a row has to be for a change to be made: under the same token, in the same state, as held as before.
    ///
    /// Wake-ups are compared only where `wakes` says how many were known.
    static let isUnchanged = """
        i.token = u.was_token AND i.state = u.was_state AND (i.holder IS NOT NULL) = (u.was_held <> 0)
        """

    static func update(in s: String) -> PostgresStatement {
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
    static func marking(in s: String) -> PostgresStatement {
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
    static let kept = """
        root, run, step, number, queue, key, priority, created, digest, caller_run, caller_step, reply_to, has_steps, \
        payload
        """

    static func settling(in s: String) -> PostgresStatement {
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
    static func reviving(in s: String) -> PostgresStatement {
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

    static func rewriting(in s: String) -> PostgresStatement {
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

    static func deletion(_ table: String, in s: String) -> PostgresStatement {
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

    static func counting(in s: String) -> PostgresStatement {
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

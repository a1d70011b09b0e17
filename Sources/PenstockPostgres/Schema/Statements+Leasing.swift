/// Leasing: what is ready, in order, past what others are just taking.
extension Statements {
    /// What a row becomes when it is leased, and how that is counted: values 1 to 4 are the queue, the process, the
    /// length of the lease in milliseconds, and the time from which it counts.
    private static func leasing(_ chosen: String, in s: String) -> String {
        """
        u AS (
            UPDATE \(s).items SET holder = $2::bigint, last_token = token, token = nextval('\(s).numbers'),
                attempt = attempt + 1, wakes = 0, resting = false,
                lease_end = coalesce($4::bigint, \(s).clock()) + $3::bigint
            WHERE ctid = ANY(ARRAY(SELECT ctid FROM \(chosen))) RETURNING *
        ), k AS (
            INSERT INTO \(s).counters AS c (queue, process, ready, leased, parked)
            SELECT $1::text, $2::bigint, -count(*), count(*), 0 FROM u HAVING count(*) > 0
            ON CONFLICT (queue, process) DO UPDATE SET ready = c.ready + excluded.ready,
                leased = c.leased + excluded.leased
        )
        SELECT \(PostgresRow.columns), last_token FROM u ORDER BY priority DESC, due, number
        """
    }

    /// Leases the next items of a queue: the fifth value is the time, the sixth how many.
    ///
    /// Priorities are looked through one by one, so that items which are not due yet, however many there are of a high
    /// priority, do not stand in the way of those below.
    static func claiming(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH c AS MATERIALIZED (
                SELECT r.ctid FROM generate_series(9, -9, -1) AS p(priority), LATERAL (
                    SELECT ctid FROM \(s).items
                    WHERE queue = $1::text AND priority = p.priority AND state = 0 AND holder IS NULL
                        AND due <= $5::bigint
                    ORDER BY due, number LIMIT $6::bigint FOR UPDATE SKIP LOCKED
                ) AS r LIMIT $6::bigint
            ), \(Self.leasing("c", in: s))
            """
        )
    }

    /// Leases one item with a certain address: values 6 to 8.
    static func claimingOne(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH c AS MATERIALIZED (
                SELECT ctid FROM \(s).items
                WHERE root = $6::bigint AND run = $7::bigint AND step = $8::int AND queue = $1::text AND state = 0
                    AND holder IS NULL AND (due <= $5::bigint OR due = created) FOR UPDATE SKIP LOCKED
            ), \(Self.leasing("c", in: s))
            """
        )
    }

    /// When the next item of each of some queues falls due that is not due yet.
    static func nextDue(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT q.queue, min(r.due) FROM unnest($1::text[]) AS q(queue),
                generate_series(9, -9, -1) AS p(priority), LATERAL (
                    SELECT due FROM \(s).items
                    WHERE queue = q.queue AND priority = p.priority AND state = 0 AND holder IS NULL
                        AND due > $2::bigint
                    ORDER BY due LIMIT 1
                ) AS r GROUP BY q.queue
            """
        )
    }

    /// Moves the ends of leases; it answers with those that it has found.
    static func extending(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE \(s).items i SET lease_end = coalesce($5::bigint, \(s).clock()) + $6::bigint
            FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[]) AS u(root, run, step, token)
            WHERE \(Self.isSame("i")) AND i.token = u.token AND i.holder IS NOT NULL
            RETURNING i.root, i.run, i.step
            """
        )
    }

    /// The leases that have ended by a time, or by the server's clock, up to 100.
    static func ended(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT root, run, step, token FROM \(s).items
            WHERE lease_end <= coalesce($1::bigint, \(s).clock()) ORDER BY lease_end LIMIT 100
            """
        )
    }

    /// In how many milliseconds the next lease ends.
    static func nextEnd(in s: String) -> PostgresStatement {
        PostgresStatement("SELECT min(lease_end) - coalesce($1::bigint, \(s).clock()) FROM \(s).items")
    }
}

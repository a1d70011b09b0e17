/// Processes: how they come, live and go.
extension Statements {
    /// Enters a process under a new number: its name, and how long its lease lasts in milliseconds.
    static func entering(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO \(s).processes (id, name, started, seen, lease_end, locks)
            SELECT nextval('\(s).numbers'), $1::text, now, now, now + $2::bigint, false
            FROM (SELECT \(s).clock() AS now) AS c RETURNING id, seen
            """
        )
    }

    /// Declares a process dead; it finds no row if that has been done.
    static func burying(in s: String) -> PostgresStatement {
        PostgresStatement(
            "UPDATE \(s).processes SET died = \(s).clock() WHERE id = $1::bigint AND died IS NULL RETURNING id"
        )
    }

    /// Gives back what a dead process held, and counts it; an attempt that only waited does not count.
    ///
    /// The token is a new one, so that nothing the process may still say is taken for its last word.
    static func rescuing(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH u AS (
                UPDATE \(s).items SET holder = NULL, lease_end = NULL, wakes = 0, resting = false,
                    token = nextval('\(s).numbers'),
                    attempt = CASE WHEN resting THEN greatest(attempt - 1, 0) ELSE attempt END
                WHERE holder = $1::bigint RETURNING queue, state
            ), n AS (
                DELETE FROM \(s).news WHERE holder = $1::bigint
            ), k AS (
                INSERT INTO \(s).counters AS c (queue, process, ready, leased, parked)
                SELECT queue, 0, count(*), -count(*), 0 FROM u WHERE state = 0 GROUP BY queue
                ON CONFLICT (queue, process) DO UPDATE SET ready = c.ready + excluded.ready,
                    leased = c.leased + excluded.leased
            )
            SELECT DISTINCT queue FROM u WHERE state = 0
            """
        )
    }

    /// Adds what a process has counted to what nobody in particular has.
    static func folding(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH d AS (DELETE FROM \(s).counters WHERE process = $1::bigint RETURNING queue, ready, leased, parked)
            INSERT INTO \(s).counters AS c (queue, process, ready, leased, parked)
            SELECT queue, 0, ready, leased, parked FROM d ON CONFLICT (queue, process) DO UPDATE
                SET ready = c.ready + excluded.ready, leased = c.leased + excluded.leased,
                    parked = c.parked + excluded.parked
            """
        )
    }

    /// Declares a process dead if it is: its session has ended, or its lease where the session does not tell.
    static func buryingDead(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE \(s).processes SET died = \(s).clock()
            WHERE id = $1::bigint AND died IS NULL
                AND CASE WHEN locks THEN pg_try_advisory_xact_lock(\(s).lock_key(id)) ELSE lease_end < \(s).clock() END
            RETURNING id
            """
        )
    }

    /// Has the end of the session tell of the death of the process.
    static func locking(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE \(s).processes SET locks = true
            FROM (SELECT pg_try_advisory_lock(\(s).lock_key($1::bigint)) AS is_mine) AS l
            WHERE is_mine AND id = $1::bigint AND died IS NULL
            RETURNING id
            """
        )
    }

    /// Gives a sign of life, and looks for everything that may concern a process: its number, the length of its lease,
    /// whether it holds anything, and the queues for which somebody waits.
    ///
    /// Kinds of rows: 0 the process itself; 1 a piece of news; 2 another process, whether it is busy, and whether it
    /// seems dead; 3 in how many milliseconds the next lease ends; 4 an awaited queue, and in how many milliseconds its
    /// next item falls due, 0 for one that is due.
    static func looking(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            WITH t AS MATERIALIZED (SELECT \(s).clock() AS now), h AS (
                UPDATE \(s).processes SET seen = now, lease_end = now + $2::bigint, busy = $3::boolean
                FROM t WHERE id = $1::bigint AND died IS NULL RETURNING id
            )
            SELECT 0 AS kind, id AS a, NULL::bigint AS b, NULL::bigint AS c, NULL::bigint AS d, NULL::bigint AS e,
                NULL::bigint AS f, NULL::text AS queue FROM h
            UNION ALL (SELECT 1, id, root, run, step, token, news, NULL FROM \(s).news
                WHERE holder = $1::bigint ORDER BY id LIMIT 1000)
            UNION ALL SELECT 2, id, busy::int, (CASE WHEN locks THEN pg_try_advisory_xact_lock(\(s).lock_key(id))
                ELSE lease_end < now END)::int, NULL, NULL, NULL, NULL
                FROM \(s).processes, t WHERE died IS NULL AND id <> $1::bigint
            UNION ALL SELECT 3, min(lease_end) - min(now), NULL, NULL, NULL, NULL, NULL, NULL
                FROM \(s).items, t WHERE lease_end IS NOT NULL
            UNION ALL SELECT 4, min(greatest(r.due - now, 0)), NULL, NULL, NULL, NULL, NULL, q.queue
                FROM unnest($4::text[]) AS q(queue), t, generate_series(9, -9, -1) AS p(priority), LATERAL (
                    SELECT due FROM \(s).items
                    WHERE queue = q.queue AND priority = p.priority AND state = 0 AND holder IS NULL
                    ORDER BY due, number LIMIT 1
                ) AS r GROUP BY q.queue
            """
        )
    }

    /// Which of some items have ended, or are gone.
    static func endings(in s: String) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT root, run, step FROM \(Self.addresses)
            WHERE NOT EXISTS (SELECT FROM \(s).items AS i WHERE \(Self.isSame("i")))
            """
        )
    }
}

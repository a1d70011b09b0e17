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
}

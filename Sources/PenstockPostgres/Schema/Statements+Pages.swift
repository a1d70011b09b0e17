/// Pages of rows, in the orders that people and runs want them in.
extension Statements {
    /// The steps of a run: the root, the run, the step after which to go on, the states as bits, and how many.
    static func journal(in s: String, locks: Bool) -> PostgresStatement {
        let isWanted = """
            root = $1::bigint AND run = $2::bigint AND step > $3::int AND ((1 << state) & $4::int) <> 0
            ORDER BY step LIMIT $5::bigint
            """
        let lock = locks ? " FOR UPDATE" : ""
        return PostgresStatement(
            """
            WITH a AS (SELECT \(PostgresRow.columns) FROM \(s).items WHERE \(isWanted)\(lock)),
                b AS (SELECT \(PostgresRow.settledColumns) FROM \(s).settled WHERE \(isWanted)\(lock))
            SELECT * FROM a UNION ALL SELECT * FROM b ORDER BY step LIMIT $5::bigint
            """
        )
    }

    /// The unsettled items of a queue in their order: the queue, the states as bits, the priority, due time and number
    /// after which to go on, and how many.
    ///
    /// Each of the three parts has an index of its own, which has the rows in order.
    static func waiting(in s: String, locks: Bool) -> PostgresStatement {
        let parts = ["state = 0 AND holder IS NULL", "holder IS NOT NULL", "state <> 0 AND holder IS NULL"]
        let selections = parts.enumerated().map { place, part in
            """
            w\(place) AS (
                SELECT \(PostgresRow.columns) FROM \(s).items
                WHERE queue = $1::text AND \(part) AND ((1 << state) & $2::int) <> 0 AND (
                    priority < $3::int OR priority = $3::int AND (due, number) > ($4::bigint, $5::bigint))
                ORDER BY priority DESC, due, number LIMIT $6::bigint\(locks ? " FOR UPDATE" : "")
            )
            """
        }
        return PostgresStatement(
            """
            WITH \(selections.joined(separator: ", "))
            SELECT * FROM w0 UNION ALL SELECT * FROM w1 UNION ALL SELECT * FROM w2
            ORDER BY priority DESC, due, number LIMIT $6::bigint
            """
        )
    }

    /// Root items, newest first: the number before which to go on, the states as bits, how many, and the queue.
    static func roots(in s: String, ofQueue: Bool) -> PostgresStatement {
        let isWanted = """
            step = 0 AND root < $1::bigint AND ((1 << state) & $2::int) <> 0\(ofQueue ? " AND queue = $4::text" : "")
            ORDER BY root DESC LIMIT $3::bigint
            """
        return PostgresStatement(
            """
            WITH a AS (SELECT \(PostgresRow.columns) FROM \(s).items WHERE \(isWanted)),
                b AS (SELECT \(PostgresRow.settledColumns) FROM \(s).settled WHERE \(isWanted))
            SELECT * FROM a UNION ALL SELECT * FROM b ORDER BY root DESC LIMIT $3::bigint
            """
        )
    }
}

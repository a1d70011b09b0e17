import Penstock
import PenstockSQLite
import Synchronization

/// Reads a store's rows inside a transaction.
enum Rows {
    /// The whole numbers of each row of an answer; NULL is 0.
    static func integers(_ sql: String, in store: any Store) async throws -> [[Int]] {
        try await self.all(sql, in: store).map { row in row.values.map { $0.integer ?? 0 } }
    }

    /// The first number of an answer.
    static func count(_ sql: String, in store: any Store) async throws -> Int {
        try await self.integers(sql, in: store).first?.first ?? 0
    }

    static func all(_ sql: String, in store: any Store) async throws -> [SQLiteRow] {
        let found = Mutex<[SQLiteRow]>([])
        var transaction = Transaction()
        transaction.sqlite { database in
            let rows = try database.query(sql)
            found.withLock { $0 = rows }
        }
        _ = try await store.commit(transaction)
        return found.withLock { $0 }
    }
}

/// Holds the numbers that a store keeps in memory against its rows.
enum Recount {
    /// What differs; nothing may be at work.
    static func problems(in store: any Store) async throws -> [String] {
        var kept: [String: [Int]] = [:]
        for count in try await store.counts() where count.total > 0 {
            kept[count.queue] = [count.ready + count.leased, count.parked]
        }
        let rows = try await Rows.all(
            """
            SELECT queue, sum(state = 'ready'), sum(state IN ('parked', 'diverged')) FROM penstock_items
            WHERE state IN ('ready', 'parked', 'diverged') GROUP BY queue
            """,
            in: store
        )
        var counted: [String: [Int]] = [:]
        for row in rows { counted[row[0].text ?? ""] = [row[1].integer ?? 0, row[2].integer ?? 0] }
        return Set(kept.keys).union(counted.keys).sorted().compactMap { queue in
            kept[queue] == counted[queue]
                ? nil : "queue '\(queue)' counts \(kept[queue] ?? []), and its rows are \(counted[queue] ?? [])"
        }
    }
}

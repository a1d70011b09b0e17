import CrashWorkload
import Penstock
import PenstockSQLite

/// What holds of every store after whatever was done to its processes.
enum StoreCheck {
    /// Looks through a store that nobody has open: its file is sound, its counters are those of its rows, and tokens
    /// grow through every opening.
    static func problems(path: String, _ more: (SQLiteStore) async throws -> [String]) async throws -> [String] {
        var problems = try SQLiteStore.verify(path: path).problems
        var last: Int64 = 0
        for round in 0..<2 {
            let store = try await SQLiteStore(path: path, environment: self.quiet)
            do {
                problems += try await Recount.problems(in: store)
                if round == 0 { problems += try await more(store) }
                problems += try await self.tokenProblems(in: store, last: &last)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }
        return problems
    }

    /// An environment for a store whose last owner died, of which the harness has heard.
    static let quiet = RuntimeEnvironment(report: { _ in })

    /// Looks through a store of orders: each has ended once with its result, and its row and its message are there
    /// once.
    static func problems(path: String, orders: Int) async throws -> [String] {
        try await self.problems(path: path) { store in
            try await self.orderProblems(in: store, orders: orders, from: 0)
        }
    }

    /// How many orders a store has, and which are not there as somebody was told that they are.
    static func orders(path: String, losing told: Set<Int>) async throws -> (orders: Int, problems: [String]) {
        let store = try await SQLiteStore(path: path, environment: self.quiet)
        let count = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue = 'order'", in: store)
        let ended = try await Rows.integers(
            "SELECT CAST(payload AS INTEGER) FROM penstock_items WHERE queue = 'order' AND state = 'completed'",
            in: store
        )
        await store.close()
        let lost = told.subtracting(ended.compactMap(\.first)).sorted()
        return (count, lost.isEmpty ? [] : ["\(lost.count) orders had ended and are lost: \(lost.prefix(10))"])
    }

    /// What is wrong with the orders from `first` on, which are all that the store has.
    static func orderProblems(in store: any Store, orders: Int, from first: Int) async throws -> [String] {
        let (low, high) = (first, first + orders - 1)
        let questions = [
            (
                "orders ended with their results",
                """
                SELECT count(*) FROM penstock_items WHERE queue = 'order' AND state = 'completed'
                AND CAST(result AS INTEGER) = 28 * CAST(payload AS INTEGER)
                AND CAST(payload AS INTEGER) BETWEEN \(low) AND \(high)
                """, orders
            ),
            ("orders", "SELECT count(DISTINCT payload) FROM penstock_items WHERE queue = 'order'", orders),
            ("rows of the user's", "SELECT count(*) FROM ledger", orders),
            ("rows of the user's", "SELECT count(DISTINCT x) FROM ledger WHERE x BETWEEN \(low) AND \(high)", orders),
            ("messages", "SELECT count(*) FROM penstock_items WHERE queue = 'outbox' AND state = 'ready'", orders),
            (
                "messages",
                """
                SELECT count(DISTINCT payload) FROM penstock_items WHERE queue = 'outbox'
                AND CAST(payload AS INTEGER) BETWEEN \(low) AND \(high)
                """, orders
            ),
            (
                "items in all", "SELECT count(*) FROM penstock_items WHERE queue <> 'probe'",
                orders * Workload.rowsOfAnOrder
            ),
            (
                "items that have not ended",
                """
                SELECT count(*) FROM penstock_items WHERE state IN ('ready', 'parked', 'diverged')
                AND queue NOT IN ('outbox', 'probe')
                """, 0
            ),
        ]
        var problems: [String] = []
        for (what, sql, expected) in questions {
            let found = try await Rows.count(sql, in: store)
            if found != expected { problems.append("\(found) \(what), and not \(expected)") }
        }
        return problems
    }

    /// The token of a new lease is above that of every row, and of every lease before.
    private static func tokenProblems(in store: any Store, last: inout Int64) async throws -> [String] {
        let highest = Int64(try await Rows.count("SELECT max(token) FROM penstock_items", in: store))
        let probe = NewItem(queue: "probe", payload: try Payload(encoding: 0))
        _ = try await store.commit(Transaction([.push(probe)]))
        let leased = try await store.reserve(ReserveRequest(queue: "probe", waits: false))
        guard let lease = leased.first?.lease else { return ["an item that was pushed cannot be leased"] }
        _ = try await store.commit(Transaction([.settle(lease, .consume)]))
        defer { last = max(last, lease.token) }
        return lease.token > max(highest, last) ? [] : ["token \(lease.token) after \(highest) and \(last)"]
    }
}

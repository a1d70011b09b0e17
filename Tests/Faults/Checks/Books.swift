import CrashWorkload
import Penstock
import PenstockSQLite

/// The books of a store whose orders are removed when they have ended: a row for each batch, made in the transaction
/// that removes it.
enum Books {
    /// How many orders a batch has.
    static let batch = 200

    static func open(in engine: Engine) async throws {
        var table = Transaction()
        table.sql("CREATE TABLE IF NOT EXISTS closed(first INTEGER NOT NULL)")
        try await engine.commit(table)
    }

    /// How many batches are closed.
    static func closed(in engine: Engine) async throws -> Int {
        try await Rows.count("SELECT count(*) FROM closed", in: engine.store)
    }

    static func closed(path: String) async throws -> Int {
        let store = try await SQLiteStore(path: path, environment: StoreCheck.quiet)
        let count = try await Rows.count("SELECT count(*) FROM closed", in: store)
        await store.close()
        return count
    }

    /// Checks a batch, removes it, and writes that down, all or none.
    static func close(from first: Int, in engine: Engine) async throws {
        let problems = try await StoreCheck.orderProblems(in: engine.store, orders: Self.batch, from: first)
        guard problems.isEmpty else { throw Unexpected("batch \(first): \(problems)") }
        var transaction = Transaction()
        for x in first..<first + Self.batch {
            transaction.add(.control(.key(queue: Workload.order.name, "order-\(x)"), .delete))
        }
        transaction.add(.clear(queue: "outbox"))
        transaction.sql("DELETE FROM ledger")
        transaction.sql("INSERT INTO closed VALUES (?)", .integer(Int64(first)))
        try await engine.commit(transaction)
    }

    /// What is wrong with the books, and how many batches are in them.
    static func problems(in store: any Store) async throws -> (problems: [String], batches: Int) {
        let batches = try await Rows.integers("SELECT first FROM closed ORDER BY rowid", in: store).compactMap(\.first)
        let expected = batches.indices.map { $0 * Self.batch }
        return (batches == expected ? [] : ["the books have \(batches.prefix(20))"], batches.count)
    }
}

public import Penstock

/// Statements of a user's own inside a transaction: what they change is durable together with the rest, or not at all.
public struct SQLiteWork: StoreWork {
    /// What kind of store can do it.
    public let kind = "sqlite"

    let body: @Sendable (SQLiteDatabase) throws -> Void

    /// Makes work of a closure.
    ///
    /// It runs on the writer's thread, and everybody else's transactions wait for it.
    public init(_ body: @escaping @Sendable (SQLiteDatabase) throws -> Void) {
        self.body = body
    }
}

extension Transaction {
    /// Adds a statement of your own over tables of your own.
    ///
    /// ```swift
    /// transaction.sql("UPDATE accounts SET balance = balance - ? WHERE id = ?", 10, 7)
    /// ```
    public mutating func sql(_ sql: String, _ values: SQLiteValue...) {
        self.sqlite { database in _ = try database.execute(sql, values) }
    }

    /// Adds work over tables of your own.
    ///
    /// When `body` throws, the transaction fails and nothing of it has happened.
    public mutating func sqlite(_ body: @escaping @Sendable (SQLiteDatabase) throws -> Void) {
        self.add(.work(SQLiteWork(body)))
    }
}

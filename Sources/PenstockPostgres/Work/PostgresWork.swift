public import Penstock

/// Statements of a user's own inside a transaction: what they change is durable together with the rest, or not at all.
public struct PostgresWork: StoreWork {
    /// What kind of store can do it.
    public let kind = "postgres"

    let body: @Sendable (PostgresDatabase) throws -> Void

    /// Makes work of a closure.
    ///
    /// It runs on the thread of the process that writes to the store, and that process's other transactions wait for
    /// it. It may run more than once before one of its runs is committed: only what it does in the database counts.
    public init(_ body: @escaping @Sendable (PostgresDatabase) throws -> Void) {
        self.body = body
    }
}

extension Transaction {
    /// Adds a statement of your own over tables of your own.
    ///
    /// ```swift
    /// transaction.postgres("UPDATE accounts SET balance = balance - $1 WHERE id = $2", 10, 7)
    /// ```
    public mutating func postgres(_ sql: String, _ values: PostgresParameter...) {
        self.postgres { database in _ = try database.execute(sql, values) }
    }

    /// Adds work over tables of your own.
    ///
    /// When `body` throws, the transaction fails and nothing of it has happened.
    public mutating func postgres(_ body: @escaping @Sendable (PostgresDatabase) throws -> Void) {
        self.add(.work(PostgresWork(body)))
    }
}

/// A value that is given to a statement of a user's own.
public enum PostgresParameter: Sendable, Hashable {
    /// No value.
    case null
    /// A whole number: `bigint`.
    case integer(Int64)
    /// A number with a fraction: `double precision`.
    case real(Double)
    /// Text; a statement turns it into other types: `$1::uuid`, `$1::jsonb`, `$1::timestamptz`.
    case text(String)
    /// Bytes: `bytea`.
    case bytes([UInt8])
    /// A truth value.
    case boolean(Bool)
}

extension PostgresParameter: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    /// Makes a whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// Makes a number with a fraction.
    public init(floatLiteral value: Double) { self = .real(value) }

    /// Makes text.
    public init(stringLiteral value: String) { self = .text(value) }

    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }

    /// Makes NULL.
    public init(nilLiteral: ()) { self = .null }

    /// Makes a whole number, or NULL.
    public init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }

    /// Makes a number with a fraction, or NULL.
    public init(_ value: Double?) { self = value.map { .real($0) } ?? .null }

    /// Makes text, or NULL.
    public init(_ value: String?) { self = value.map { .text($0) } ?? .null }

    /// Makes bytes, or NULL.
    public init(_ value: [UInt8]?) { self = value.map { .bytes($0) } ?? .null }

    /// Makes a truth value, or NULL.
    public init(_ value: Bool?) { self = value.map { .boolean($0) } ?? .null }
}

/// A value that is bound to a statement, or that stands in a row.
public enum SQLiteValue: Sendable, Hashable {
    /// No value.
    case null
    /// A whole number.
    case integer(Int64)
    /// A number with a fraction.
    case real(Double)
    /// Text.
    case text(String)
    /// Bytes.
    case blob([UInt8])

    /// Whether there is no value.
    public var isNull: Bool { self == .null }

    /// The whole number, if it is one.
    public var integer: Int? {
        if case .integer(let value) = self { Int(exactly: value) } else { nil }
    }

    /// The number, if it is one.
    public var real: Double? {
        switch self {
        case .real(let value): value
        case .integer(let value): Double(value)
        case .null, .text, .blob: nil
        }
    }

    /// The text, if it is one.
    public var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// The bytes, if it is bytes.
    public var blob: [UInt8]? {
        if case .blob(let value) = self { value } else { nil }
    }
}

extension SQLiteValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    /// Makes a whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// Makes a number with a fraction.
    public init(floatLiteral value: Double) { self = .real(value) }

    /// Makes text.
    public init(stringLiteral value: String) { self = .text(value) }

    /// Makes 1 or 0, as SQLite writes truth values.
    public init(booleanLiteral value: Bool) { self = .integer(value ? 1 : 0) }

    /// Makes NULL.
    public init(nilLiteral: ()) { self = .null }

    /// Makes a whole number, or NULL.
    public init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }

    /// Makes a number with a fraction, or NULL.
    public init(_ value: Double?) { self = value.map { .real($0) } ?? .null }

    /// Makes text, or NULL.
    public init(_ value: String?) { self = value.map { .text($0) } ?? .null }

    /// Makes bytes, or NULL.
    public init(_ value: [UInt8]?) { self = value.map { .blob($0) } ?? .null }
}

/// One row of an answer.
public struct SQLiteRow: Sendable, Hashable {
    /// The names of the columns, in order.
    public let columns: [String]

    /// The values, in the same order.
    public let values: [SQLiteValue]

    /// The value of a column by its name; `nil` when there is no such column.
    public subscript(column: String) -> SQLiteValue? {
        self.columns.firstIndex(of: column).map { self.values[$0] }
    }

    /// The value of a column by its place, from 0.
    public subscript(place: Int) -> SQLiteValue { self.values[place] }
}

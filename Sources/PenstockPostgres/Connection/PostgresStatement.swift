/// A statement, which is made once and used by every connection.
///
/// Each connection has the server compile it together with its first use, and keeps it under a name of its own. What
/// identifies it is the object, not the text.
final class PostgresStatement: Sendable {
    /// The text, with `$1`, `$2`, … where values go.
    let sql: String

    /// Whether connections keep it compiled; text that is used once would only push out the rest.
    let isKept: Bool

    /// Makes a statement.
    init(_ sql: String, isKept: Bool = true) {
        self.sql = sql
        self.isKept = isKept
    }
}

/// A statement as one connection knows it.
final class KeptStatement {
    /// Holds it, so that no other one takes its identity.
    let statement: PostgresStatement
    /// What the server knows it by.
    let name: String
    /// The types of its values.
    let types: [UInt32]
    var state = State.unknown

    enum State {
        /// The server does not have it.
        case unknown
        /// The server is being told in the batch that is under way.
        case sent
        /// The server has it, whatever became of the transaction.
        case known
    }

    init(_ statement: PostgresStatement, name: String, types: [UInt32]) {
        self.statement = statement
        self.name = name
        self.types = types
    }
}

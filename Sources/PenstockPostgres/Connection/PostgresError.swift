import Penstock

/// What went wrong between this process and a server.
///
/// It never holds a password, nor the values that were sent with a statement.
struct PostgresError: Error, CustomStringConvertible {
    enum Kind {
        /// There is no connection, and nothing was sent.
        case refused
        /// The connection broke; what was sent may have been done or not.
        case lost
        /// The server took too long, and the connection was given up; what was sent may have been done or not.
        case timedOut
        /// The server refused a statement; the connection can still be used.
        case statement
        /// This program has asked for what cannot be, or did not expect what the server answered.
        case invalid
    }

    let kind: Kind

    /// What PostgreSQL's documentation calls SQLSTATE: five characters, of which the first two are the class.
    var state: String?

    /// What happened, in words.
    let message: String

    /// What the server added to it.
    var detail: String?
    /// What the server would do about it.
    var hint: String?
    /// The constraint that a row would have broken.
    var constraint: String?

    /// The text of the statement, if it was one.
    var sql: String?
    /// Which statement of the batch it was, from 0; of a connection that was lost, the first that was not answered.
    var index: Int?

    init(_ kind: Kind, _ message: String, state: String? = nil, sql: String? = nil, index: Int? = nil) {
        self.kind = kind
        self.message = message
        self.state = state
        self.sql = sql
        self.index = index
    }

    /// The error in one line.
    var description: String {
        let state = self.state.map { " (\($0))" } ?? ""
        let more = [self.detail, self.hint].compactMap { $0.map { "; \($0)" } }.joined()
        let sql = self.sql.map { " in '\($0.prefix(200))'" } ?? ""
        return "PostgreSQL: \(self.message)\(state)\(more)\(sql)"
    }
}

extension PostgresError {
    /// Whether two transactions were in each other's way; the same one may succeed when it is tried again.
    var isSerializationFailure: Bool { self.state == "40001" || self.state == "40P01" }

    /// Whether the connection is of no use any more, and another one has to be made.
    var isConnectionGone: Bool {
        switch self.kind {
        case .refused, .lost, .timedOut: true
        case .statement, .invalid: self.hasState("57P01", "57P02", "57P03", "08")
        }
    }

    /// Whether the state begins in one of these ways: a class, or a whole state.
    func hasState(_ beginnings: String...) -> Bool {
        guard let state = self.state else { return false }
        return beginnings.contains(where: state.hasPrefix)
    }
}

import CSQLite
import Penstock

/// The database inside a transaction of Penstock's, for statements of your own.
///
/// What they change becomes durable together with everything else in the transaction, or not at all. Statements are
/// compiled once and kept. Values are always bound, never pasted into the text.
///
/// The handle is good until the closure that received it returns. Transaction control, `ATTACH`, `PRAGMA` and changes
/// to Penstock's own tables are refused; reading those is allowed.
public final class SQLiteDatabase {
    /// The most rows that one query may answer, so that no answer fills the memory.
    public static let rowLimit = 100_000

    private var statements: UserStatements?

    init(_ statements: UserStatements) {
        self.statements = statements
    }

    /// Ends the time of the handle.
    func invalidate() {
        self.statements = nil
    }

    /// Runs a statement, leaving aside what it answers.
    /// - Returns: how many rows it has changed.
    @discardableResult
    public func execute(_ sql: String, _ values: SQLiteValue...) throws(SQLiteError) -> Int {
        try self.execute(sql, values)
    }

    /// Runs a query and returns its rows, at most ``rowLimit``.
    public func query(_ sql: String, _ values: SQLiteValue...) throws(SQLiteError) -> [SQLiteRow] {
        let statement = try self.statement(sql, values)
        defer { statement.reset() }
        let columns = statement.columnNames
        var rows: [SQLiteRow] = []
        while try statement.advance() {
            guard rows.count < Self.rowLimit else {
                throw SQLiteError(.tooBig, message: "more than \(Self.rowLimit) rows: add a LIMIT", sql: sql)
            }
            rows.append(SQLiteRow(columns: columns, values: columns.indices.map { statement.value(Int32($0)) }))
        }
        return rows
    }

    func execute(_ sql: String, _ values: [SQLiteValue]) throws(SQLiteError) -> Int {
        let statement = try self.statement(sql, values)
        defer { statement.reset() }
        guard let connection = self.statements?.connection else { return 0 }
        let before = connection.totalChanges
        while try statement.advance() {}
        // A statement that changes no rows leaves the count of the one before it.
        return connection.totalChanges == before ? 0 : connection.changes
    }

    private func statement(_ sql: String, _ values: [SQLiteValue]) throws(SQLiteError) -> SQLiteStatement {
        guard let statements = self.statements else {
            throw SQLiteError(
                .misuse,
                message: "the database handle was used after its transaction: keep it inside the closure",
                sql: sql
            )
        }
        let statement = try statements.statement(sql)
        guard statement.parameterCount == values.count else {
            throw SQLiteError(
                .misuse,
                message: "the statement wants \(statement.parameterCount) values and was given \(values.count)",
                sql: sql
            )
        }
        for (place, value) in zip(Int32(1)..., values) {
            switch value {
            case .null: statement.bindNull(place)
            case .integer(let value): statement.bind(place, value)
            case .real(let value): statement.bind(place, value)
            case .text(let value): statement.bind(place, value)
            case .blob(let value): statement.bind(place, value)
            }
        }
        return statement
    }
}

/// The statements of users, compiled once.
final class UserStatements {
    let connection: SQLiteConnection
    private var statements: [String: SQLiteStatement] = [:]

    /// How many are kept.
    ///
    /// Text that is pasted together would be new each time, and push out the rest.
    private static let limit = 128

    init(_ connection: SQLiteConnection) {
        self.connection = connection
    }

    func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        if let statement = self.statements[sql] { return statement }
        let statement = try self.connection.compile(sql)
        if self.statements.count >= Self.limit { self.statements = [:] }
        self.statements[sql] = statement
        return statement
    }
}

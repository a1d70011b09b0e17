public import Penstock

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The database inside a transaction of Penstock's, for statements of your own.
///
/// What they change becomes durable together with everything else in the transaction, or not at all. Values are always
/// given apart, never pasted into the text. The handle is good until the closure that received it returns.
public final class PostgresDatabase {
    /// The most rows that one query may answer, so that no answer fills the memory.
    public static let rowLimit = 100_000

    private var connection: PostgresConnection?

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Ends the time of the handle.
    func invalidate() {
        self.connection = nil
    }

    /// Runs a statement, leaving aside what it answers.
    /// - Returns: how many rows it has changed.
    @discardableResult
    public func execute(_ sql: String, _ values: PostgresParameter...) throws(PenstockError) -> Int {
        try self.execute(sql, values)
    }

    /// Runs a query and decodes each of its rows, at most ``rowLimit``, by the names of its columns.
    ///
    /// The server hands the rows over as JSON, so a `numeric` is a number, and a time is text in the manner of ISO
    /// 8601. A statement that changes rows says `RETURNING`.
    public func query<Row: Decodable>(
        _ sql: String,
        _ values: PostgresParameter...,
        as type: Row.Type = Row.self
    ) throws(PenstockError) -> [Row] {
        let wrapped = "WITH penstock_query AS (\(sql)) SELECT to_jsonb(q)::text FROM penstock_query AS q"
        let rows = try self.run("\(wrapped) LIMIT \(Self.rowLimit + 1)", values)
        guard rows.count <= Self.rowLimit else {
            throw PenstockError(.tooLarge, "more than \(Self.rowLimit) rows: add a LIMIT to '\(sql.prefix(200))'")
        }
        var decoded: [Row] = []
        for row in 0..<rows.count {
            do throws(PostgresError) {
                let text = try rows.text(row, 0)
                decoded.append(try Self.decode(text, sql))
            } catch {
                throw error.asPenstockError()
            }
        }
        return decoded
    }

    private static func decode<Row: Decodable>(_ text: String, _ sql: String) throws(PostgresError) -> Row {
        do {
            return try JSONDecoder().decode(Row.self, from: Data(text.utf8))
        } catch {
            throw PostgresError(.invalid, "a row does not decode as \(Row.self): \(error)", sql: sql)
        }
    }

    func execute(_ sql: String, _ values: [PostgresParameter]) throws(PenstockError) -> Int {
        try self.run(sql, values).affected
    }

    private func run(_ sql: String, _ values: [PostgresParameter]) throws(PenstockError) -> PostgresRows {
        guard let connection = self.connection else {
            throw PenstockError(
                .unsupported,
                "the database handle was used after its transaction: keep it inside the closure"
            )
        }
        try Self.check(sql)
        var parameters = PostgresValues()
        for value in values {
            switch value {
            case .null: parameters.append(String?.none)
            case .integer(let value): parameters.append(value)
            case .real(let value): parameters.append(value)
            case .text(let value): parameters.append(value)
            case .bytes(let value): parameters.append(value)
            case .boolean(let value): parameters.append(value)
            }
        }
        do throws(PostgresError) {
            return try connection.run(PostgresStatement(sql, isKept: false), parameters)
        } catch {
            // A broken connection is the store's to mend, with the whole group.
            throw error.isConnectionGone || error.isSerializationFailure ? error.wrapped() : error.asPenstockError()
        }
    }

    /// Refuses what would end the transaction, which is Penstock's.
    private static func check(_ sql: String) throws(PenstockError) {
        let first = sql.drop { $0.isWhitespace || $0 == "(" }.prefix { $0.isLetter }.uppercased()
        let refused = [
            "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "SET",
        ]
        guard !refused.contains(first) else {
            throw PenstockError(
                .unsupported,
                "\(first) is not allowed here: the transaction is Penstock's, and throwing an error undoes all of it"
            )
        }
    }
}

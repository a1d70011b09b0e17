import CSQLite
import Penstock

/// What SQLite said when it refused something.
public struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// A result code of SQLite's; the lower eight bits are the primary code, the others say more.
    public struct ResultCode: RawRepresentable, Hashable, Sendable {
        /// The number in SQLite's documentation.
        public let rawValue: Int32

        /// Makes a code from the number in SQLite's documentation.
        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// The code without what its upper bits say.
        public var primary: ResultCode { ResultCode(rawValue: self.rawValue & 0xff) }

        /// The statement is wrong, or names what is not there.
        public static let error = ResultCode(rawValue: SQLITE_ERROR)
        /// A row would break a constraint.
        public static let constraint = ResultCode(rawValue: SQLITE_CONSTRAINT)
        /// Penstock does not allow this inside its transactions.
        public static let refused = ResultCode(rawValue: SQLITE_AUTH)
        /// The handle was used after its time, or with values that do not fit.
        public static let misuse = ResultCode(rawValue: SQLITE_MISUSE)
        /// The disk is full.
        public static let full = ResultCode(rawValue: SQLITE_FULL)
        /// The disk failed.
        public static let ioError = ResultCode(rawValue: SQLITE_IOERR)
        /// Somebody else holds the database.
        public static let busy = ResultCode(rawValue: SQLITE_BUSY)
        /// The file is damaged.
        public static let corrupt = ResultCode(rawValue: SQLITE_CORRUPT)
        /// The file is not a database.
        public static let notADatabase = ResultCode(rawValue: SQLITE_NOTADB)
        /// The file may not be written to.
        public static let readOnly = ResultCode(rawValue: SQLITE_READONLY)
        /// The answer or a value is larger than is allowed.
        public static let tooBig = ResultCode(rawValue: SQLITE_TOOBIG)
    }

    /// The primary code.
    public var code: ResultCode { self.extendedCode.primary }

    /// The code with everything that SQLite knows.
    public let extendedCode: ResultCode

    /// What SQLite said in words.
    public let message: String

    /// The statement, if it was one; never its values.
    public let sql: String?

    /// Makes an error.
    public init(_ code: ResultCode, message: String, sql: String? = nil) {
        self.extendedCode = code
        self.message = message
        self.sql = sql
    }

    /// The error in one line.
    public var description: String {
        let sql = self.isOfStatement ? self.sql.map { " in '\($0.prefix(200))'" } ?? "" : ""
        return "SQLite: \(self.message) (\(self.extendedCode.rawValue))\(sql)"
    }

    /// Whether another statement would have done; otherwise the file, the disk or a lock is to blame.
    private var isOfStatement: Bool {
        switch self.code {
        case .full, .ioError, .busy, .corrupt, .notADatabase, .readOnly: false
        default: true
        }
    }
}

extension PenstockError {
    /// The same of a file that is named, where the error of a statement does not say in which it was.
    func naming(_ path: String) -> PenstockError {
        guard self.cause is SQLiteError, !self.message.contains(path) else { return self }
        return PenstockError(self.code, "'\(path)': \(self.message)", cause: self.cause)
    }
}

extension SQLiteError {
    /// The same as an error of the store's, which says what became of the transaction.
    func asPenstockError() -> PenstockError {
        switch self.code.rawValue {
        case SQLITE_FULL:
            PenstockError(.storeUnavailable, "the disk is full: make room; nothing was acknowledged", cause: self)
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM, SQLITE_PROTOCOL, SQLITE_INTERRUPT:
            PenstockError(.storeUnavailable, "the disk or the memory failed; nothing was acknowledged", cause: self)
        case SQLITE_BUSY:
            PenstockError(
                .storeUnavailable,
                "another program has locked the database: end it, or let it be brief; nothing was acknowledged",
                cause: self
            )
        case SQLITE_TOOBIG:
            PenstockError(.tooLarge, "a value is larger than SQLite keeps; nothing was changed", cause: self)
        case SQLITE_CONSTRAINT, SQLITE_AUTH:
            PenstockError(.conflict, "the database refused the change; nothing was changed", cause: self)
        case SQLITE_READONLY:
            PenstockError(
                .storeUnusable,
                "the database is read-only: let this user write to it and its directory",
                cause: self
            )
        case SQLITE_NOTADB:
            PenstockError(.storeUnusable, "the file is not a SQLite database: give another path", cause: self)
        case SQLITE_CORRUPT:
            PenstockError(
                .storeUnusable,
                """
                the database is damaged, or the disk fails to read it: verify it, and if there is anything wrong, \
                restore a backup or recover it with sqlite3's '.recover'
                """,
                cause: self
            )
        default:
            PenstockError(.storeUnusable, "the database does not do what this program expects of it", cause: self)
        }
    }
}

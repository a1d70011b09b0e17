import CSQLite
import Penstock

/// A compiled statement.
///
/// It is bound, stepped, read and reset, again and again.
@safe
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let sql: String
    private unowned let connection: SQLiteConnection
    /// The first thing that went wrong while binding; thrown by the next step.
    private var failure: Int32 = SQLITE_OK

    init(_ handle: OpaquePointer, sql: String, of connection: SQLiteConnection) {
        unsafe self.handle = handle
        self.sql = sql
        self.connection = connection
    }

    deinit {
        unsafe sqlite3_finalize(self.handle)
    }

    // MARK: Binding

    /// Binds a number.
    ///
    /// Places count from 1.
    func bind(_ place: Int32, _ value: Int64) {
        self.note(unsafe sqlite3_bind_int64(self.handle, place, value))
    }

    /// Binds a number, or NULL.
    func bind(_ place: Int32, _ value: Int64?) {
        if let value { self.bind(place, value) } else { self.bindNull(place) }
    }

    /// Binds a number.
    func bind(_ place: Int32, _ value: Int) {
        self.bind(place, Int64(value))
    }

    /// Binds a number with a fraction.
    func bind(_ place: Int32, _ value: Double) {
        self.note(unsafe sqlite3_bind_double(self.handle, place, value))
    }

    /// Binds text.
    func bind(_ place: Int32, _ value: String) {
        var value = value
        self.note(
            value.withUTF8 { unsafe csqlite_bind_text(self.handle, place, $0.baseAddress, $0.count) }
        )
    }

    /// Binds bytes.
    func bind(_ place: Int32, _ value: [UInt8]) {
        self.note(
            unsafe value.withUnsafeBytes { unsafe csqlite_bind_blob(self.handle, place, $0.baseAddress, $0.count) }
        )
    }

    /// Binds NULL.
    func bindNull(_ place: Int32) {
        self.note(unsafe sqlite3_bind_null(self.handle, place))
    }

    private func note(_ code: Int32) {
        if code != SQLITE_OK, self.failure == SQLITE_OK { self.failure = code }
    }

    /// How many values the statement wants.
    var parameterCount: Int { Int(unsafe sqlite3_bind_parameter_count(self.handle)) }

    // MARK: Running

    /// Goes to the next row; `false` when there is none, and then the statement is as new.
    func step() throws(PenstockError) -> Bool {
        do {
            return try self.advance()
        } catch {
            throw error.asPenstockError()
        }
    }

    /// Goes to the next row, with SQLite's own error.
    func advance() throws(SQLiteError) -> Bool {
        let code = self.failure == SQLITE_OK ? unsafe sqlite3_step(self.handle) : self.failure
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            self.reset()
            return false
        default:
            let error = self.connection.error(code, sql: self.sql)
            self.reset()
            throw error
        }
    }

    /// Runs a statement that answers nothing.
    func run() throws(PenstockError) {
        while try self.step() {}
    }

    /// Forgets the values and ends the reading, so that no snapshot is kept longer than needed.
    func reset() {
        unsafe sqlite3_reset(self.handle)
        unsafe sqlite3_clear_bindings(self.handle)
        self.failure = SQLITE_OK
    }

    // MARK: Reading

    /// A column as a number.
    ///
    /// Columns count from 0.
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(self.handle, column) }

    /// A column as a number, or `nil` for NULL.
    func optionalInteger(_ column: Int32) -> Int64? { self.isNull(column) ? nil : self.integer(column) }

    /// A column as text.
    func text(_ column: Int32) -> String {
        guard let start = unsafe sqlite3_column_text(self.handle, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(self.handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// A column as bytes.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(self.handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(self.handle, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Whether a column is NULL.
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(self.handle, column) == SQLITE_NULL }

    func isInteger(_ column: Int32) -> Bool { unsafe sqlite3_column_type(self.handle, column) == SQLITE_INTEGER }

    /// A column of any type.
    func value(_ column: Int32) -> SQLiteValue {
        switch unsafe sqlite3_column_type(self.handle, column) {
        case SQLITE_INTEGER: .integer(self.integer(column))
        case SQLITE_FLOAT: .real(unsafe sqlite3_column_double(self.handle, column))
        case SQLITE_TEXT: .text(self.text(column))
        case SQLITE_BLOB: .blob(self.bytes(column))
        default: .null
        }
    }

    /// The names of the columns.
    var columnNames: [String] {
        (0..<(unsafe sqlite3_column_count(self.handle))).map { column in
            unsafe sqlite3_column_name(self.handle, column).map { unsafe String(cString: $0) } ?? ""
        }
    }
}

import CSQLite
import Penstock

/// One connection to a database, used by one thread at a time.
@safe
final class SQLiteConnection {
    private var handle: OpaquePointer?
    /// Told by SQLite's hook after each commit; see ``framesInLog``.
    private let frames = FrameCount()
    /// Asked by SQLite whenever a statement is compiled.
    let guardian = Guardian()

    private final class FrameCount {
        var count = 0
    }

    /// Opens a database file that exists.
    ///
    /// Closing a connection does not checkpoint, even the last one: only the writer does, when it is told to. With
    /// `keepsLog` off, the last connection checkpoints and removes the log as it closes.
    convenience init(_ file: DatabaseFile, keepsLog: Bool = true) throws(PenstockError) {
        try self.init(name: file.path, in: file.system, SQLITE_OPEN_READWRITE, keepsLog: keepsLog)
    }

    /// Opens a database file that nobody can be writing to, and writes nothing, beside it neither.
    convenience init(immutable path: String) throws(PenstockError) {
        var name = path.reduce(into: "file:") { name, character in
            switch character {
            case "%": name += "%25"
            case "?": name += "%3f"
            case "#": name += "%23"
            default: name.append(character)
            }
        }
        name += "?immutable=1"
        try self.init(name: name, in: nil, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, keepsLog: true)
    }

    private init(name: String, in system: String?, _ mode: Int32, keepsLog: Bool) throws(PenstockError) {
        var handle: OpaquePointer?
        let flags = mode | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(name, &handle, flags, system)
        unsafe self.handle = handle
        guard code == SQLITE_OK, unsafe handle != nil else { throw self.error(code, sql: nil).asPenstockError() }
        unsafe sqlite3_extended_result_codes(handle, 1)
        unsafe sqlite3_busy_timeout(handle, 5000)
        unsafe _ = csqlite_configure(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keepsLog ? 1 : 0)
        unsafe _ = csqlite_configure(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        unsafe sqlite3_set_authorizer(handle, Guardian.callback, Unmanaged.passUnretained(self.guardian).toOpaque())
    }

    deinit {
        self.close()
    }

    /// Closes the connection.
    ///
    /// Statements that are still about keep it half open until they go.
    func close() {
        unsafe sqlite3_close_v2(self.handle)
        unsafe self.handle = nil
    }

    // MARK: Statements

    /// Compiles one statement that will be used often.
    func prepare(_ sql: String) throws(PenstockError) -> SQLiteStatement {
        do {
            return try self.compile(sql)
        } catch {
            throw error.asPenstockError()
        }
    }

    /// Compiles one statement; more than one in the text is refused.
    func compile(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var sql = sql
        var handle: OpaquePointer?
        var rest = 0
        self.guardian.refusal = nil
        let code = sql.withUTF8 { text in
            unsafe text.withMemoryRebound(to: CChar.self) { text in
                var tail: UnsafePointer<CChar>?
                let count = Int32(clamping: text.count)
                let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
                let code = unsafe sqlite3_prepare_v3(self.handle, text.baseAddress, count, flags, &handle, &tail)
                if let tail = unsafe tail, let start = text.baseAddress { rest = unsafe tail - start }
                return code
            }
        }
        guard code == SQLITE_OK else { throw self.error(code, sql: sql) }
        guard let handle = unsafe handle else {
            throw SQLiteError(.misuse, message: "there is no statement in the text", sql: sql)
        }
        let statement = unsafe SQLiteStatement(handle, sql: sql, of: self)
        guard sql.utf8.dropFirst(rest).allSatisfy({ " \t\r\n;".utf8.contains($0) }) else {
            throw SQLiteError(.misuse, message: "there is more than one statement in the text", sql: sql)
        }
        return statement
    }

    /// Runs one statement, leaving aside what it answers.
    func execute(_ sql: String) throws(PenstockError) {
        let statement = try self.prepare(sql)
        while try statement.step() {}
    }

    /// Runs one statement and returns the first number of its first row.
    func integer(_ sql: String) throws(PenstockError) -> Int64? { try self.first(sql) { $0.integer(0) } }

    /// Runs one statement and returns the first text of its first row.
    func text(_ sql: String) throws(PenstockError) -> String? { try self.first(sql) { $0.text(0) } }

    /// Runs one statement to its end, since what it does may fail after it has answered.
    private func first<Value>(
        _ sql: String,
        _ value: (SQLiteStatement) -> Value
    ) throws(PenstockError) -> Value? {
        let statement = try self.prepare(sql)
        guard try statement.step() else { return nil }
        let first = value(statement)
        try statement.run()
        return first
    }

    /// What went wrong in the last call.
    func error(_ code: Int32, sql: String?) -> SQLiteError {
        if code == SQLITE_AUTH, let refusal = self.guardian.refusal {
            return SQLiteError(.refused, message: refusal, sql: sql)
        }
        let words = unsafe self.handle.flatMap { unsafe sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let message = unsafe words.map { unsafe String(cString: $0) } ?? "unknown error"
        return SQLiteError(SQLiteError.ResultCode(rawValue: code), message: message, sql: sql)
    }

    // MARK: State

    /// Whether SQLite has found that nothing can be written, which it knows once something was read.
    var mayOnlyRead: Bool { unsafe sqlite3_db_readonly(self.handle, "main") == 1 }

    /// Whether no transaction is open, as it is once the connection is closed.
    var isIdle: Bool {
        guard let handle = unsafe self.handle else { return true }
        return unsafe sqlite3_get_autocommit(handle) != 0
    }

    /// Whether the file can be read only.
    var isReadOnly: Bool { unsafe sqlite3_db_readonly(self.handle, "main") == 1 }

    /// Whether the path that was opened does not lead to the file any more.
    var hasMoved: Bool {
        var hasMoved: Int32 = 0
        let code = unsafe sqlite3_file_control(self.handle, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
        return code == SQLITE_OK && hasMoved != 0
    }

    /// How many rows the last statement that changes rows has changed.
    var changes: Int { Int(unsafe sqlite3_changes(self.handle)) }

    /// How many rows were changed through this connection.
    var totalChanges: Int { Int(unsafe sqlite3_total_changes(self.handle)) }

    // MARK: Copies

    /// Copies the whole database into another one, a few pages at a time.
    ///
    /// What is copied is what one transaction sees, however long it takes: whoever writes meanwhile is not held up, and
    /// is not seen.
    /// - Parameter progress: Hears, after each part, how many bytes were copied and how many there are.
    func copy(to target: SQLiteConnection, progress: (Int, Int) -> Void) throws(PenstockError) {
        try self.execute("BEGIN")
        // A transaction sees what is there when it first reads.
        _ = try self.integer("SELECT count(*) FROM sqlite_schema")
        defer { try? self.execute("ROLLBACK") }
        let bytes = Int(try self.integer("PRAGMA page_size") ?? 0)
        guard let backup = unsafe sqlite3_backup_init(target.handle, "main", self.handle, "main") else {
            throw target.error(unsafe sqlite3_errcode(target.handle), sql: nil).asPenstockError()
        }
        var code = SQLITE_OK
        while code == SQLITE_OK {
            code = unsafe sqlite3_backup_step(backup, Self.pagesAtOnce)
            let (left, count) = unsafe (sqlite3_backup_remaining(backup), sqlite3_backup_pagecount(backup))
            progress(Int(count - left) * bytes, Int(count) * bytes)
        }
        let end = unsafe sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, end == SQLITE_OK else {
            throw target.error(code == SQLITE_DONE ? end : code, sql: nil).asPenstockError()
        }
    }

    /// How many pages are copied before anybody hears of it: a megabyte.
    private static let pagesAtOnce: Int32 = 256

    /// Asks for something that only the database's files know.
    func control(_ operation: Int32, _ answer: UnsafeMutableRawPointer?) -> Int32 {
        unsafe sqlite3_file_control(self.handle, "main", operation, answer)
    }

    // MARK: The write-ahead log

    /// How many frames the write-ahead log had after the last commit.
    var framesInLog: Int { self.frames.count }

    /// Counts the frames from now on.
    ///
    /// SQLite's own checkpoints end with this, since they use the same hook.
    func countFrames() {
        let context = unsafe Unmanaged.passUnretained(self.frames).toOpaque()
        unsafe _ = sqlite3_wal_hook(
            self.handle,
            { context, _, _, frames in
                if let context = unsafe context {
                    unsafe Unmanaged<FrameCount>.fromOpaque(context).takeUnretainedValue().count = Int(frames)
                }
                return SQLITE_OK
            },
            context
        )
    }

    /// Copies what is in the write-ahead log into the database.
    /// - Returns: whether everything was copied; a reader may be in the way of that.
    func checkpoint(truncating: Bool) throws(PenstockError) -> Bool {
        var frames: Int32 = 0
        var copied: Int32 = 0
        let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = unsafe sqlite3_wal_checkpoint_v2(self.handle, "main", mode, &frames, &copied)
        if code == SQLITE_BUSY { return false }
        guard code == SQLITE_OK else { throw self.error(code, sql: nil).asPenstockError() }
        return frames == copied
    }
}

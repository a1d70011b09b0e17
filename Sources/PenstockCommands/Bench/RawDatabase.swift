import CSQLite

/// SQLite with nothing around it.
@safe
final class RawDatabase {
    private let handle: OpaquePointer

    init(path: String) throws {
        var handle: OpaquePointer?
        let code = unsafe sqlite3_open(path, &handle)
        guard let opened = unsafe handle, code == SQLITE_OK else {
            unsafe sqlite3_close(handle)
            throw CommandFailure(.inputOutput, "SQLite cannot open '\(path)' (error \(code))")
        }
        unsafe self.handle = opened
    }

    deinit {
        unsafe sqlite3_close(self.handle)
    }

    func execute(_ sql: String) throws {
        let code = unsafe sqlite3_exec(self.handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw self.failure(sql) }
    }

    /// Runs a statement so often, each time in a transaction of its own.
    func repeatedly(_ sql: String, _ count: Int) throws {
        try unsafe self.withStatement(sql) { statement in
            for _ in 0..<count {
                guard unsafe sqlite3_step(statement) == SQLITE_DONE else { throw self.failure(sql) }
                unsafe sqlite3_reset(statement)
            }
        }
    }

    /// The one number that a query answers.
    func integer(_ sql: String) throws -> Int {
        try unsafe self.withStatement(sql) { statement in
            guard unsafe sqlite3_step(statement) == SQLITE_ROW else { throw self.failure(sql) }
            return unsafe Int(sqlite3_column_int64(statement, 0))
        }
    }

    private func withStatement<Result>(_ sql: String, _ body: (OpaquePointer?) throws -> Result) throws -> Result {
        var statement: OpaquePointer?
        guard unsafe sqlite3_prepare_v2(self.handle, sql, -1, &statement, nil) == SQLITE_OK else {
            throw self.failure(sql)
        }
        defer { unsafe _ = sqlite3_finalize(statement) }
        return try unsafe body(statement)
    }

    private func failure(_ sql: String) -> CommandFailure {
        CommandFailure(.inputOutput, "SQLite: \(unsafe String(cString: sqlite3_errmsg(self.handle))) in '\(sql)'")
    }
}

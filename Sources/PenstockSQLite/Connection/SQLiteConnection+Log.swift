import CSQLite
import Penstock

/// The write-ahead log as a file.
extension SQLiteConnection {
    /// Writes a short log full of what does not count, so that the commits to come overwrite it.
    ///
    /// To make bytes durable in a file that need not grow costs half of what it costs when it has to. A transaction
    /// that does not fit in the cache spills into the log and is undone, which leaves its frames behind the end. When
    /// that does not work, nothing is lost but the time.
    func lengthenLog(to bytes: Int) {
        guard self.logBytes < bytes else { return }
        do throws(PenstockError) {
            let cache = try self.integer("PRAGMA cache_size") ?? 0
            try self.execute("PRAGMA cache_size = 16")
            try self.execute("BEGIN IMMEDIATE")
            try self.execute("CREATE TABLE filler (filler BLOB)")
            try self.execute("INSERT INTO filler VALUES (zeroblob(\(bytes)))")
            try self.execute("ROLLBACK")
            try self.execute("PRAGMA cache_size = \(cache)")
        } catch {
            if !self.isIdle { try? self.execute("ROLLBACK") }
        }
    }

    /// Writes the log that another process has left once more, as it is, and makes it durable.
    ///
    /// When the disk has failed to make a log durable, the system goes on to show what was written, though it is not on
    /// the disk, and no later sync writes it. SQLite would take it for durable, put the next commits behind it, and
    /// all of them would be lost with it. What is written anew is synced anew.
    func renewLog() throws(PenstockError) {
        guard self.logBytes > 0 else { return }
        // Nobody else may write meanwhile.
        try self.execute("BEGIN IMMEDIATE")
        let code = self.copyLogOverItself()
        try self.execute("ROLLBACK")
        guard code == SQLITE_OK else { throw self.error(code, sql: nil).asPenstockError() }
    }

    private func copyLogOverItself() -> Int32 {
        guard let log = unsafe self.log, let methods = unsafe log.pointee.pMethods?.pointee else { return SQLITE_OK }
        let size = self.logBytes
        // SQLite's own file system writes less than 128 KB in one.
        var part = [UInt8](repeating: 0, count: min(size, 64 * 1024))
        var offset = 0
        while offset < size {
            let count = Int32(min(part.count, size - offset))
            let code = unsafe part.withUnsafeMutableBytes { part in
                let code = unsafe methods.xRead(log, part.baseAddress, count, sqlite3_int64(offset))
                guard code == SQLITE_OK else { return code }
                return unsafe methods.xWrite(log, part.baseAddress, count, sqlite3_int64(offset))
            }
            guard code == SQLITE_OK else { return code }
            offset += Int(count)
        }
        return unsafe methods.xSync(log, SQLITE_SYNC_NORMAL)
    }

    /// The bytes of the log, used or not; 0 when there is none.
    private var logBytes: Int {
        guard let log = unsafe self.log, let methods = unsafe log.pointee.pMethods?.pointee else { return 0 }
        var size: sqlite3_int64 = 0
        return unsafe methods.xFileSize(log, &size) == SQLITE_OK ? Int(size) : 0
    }

    /// The open file of the log.
    private var log: UnsafeMutablePointer<sqlite3_file>? {
        var log: UnsafeMutablePointer<sqlite3_file>?
        let code = unsafe self.control(SQLITE_FCNTL_JOURNAL_POINTER, &log)
        return unsafe code == SQLITE_OK ? log : nil
    }
}

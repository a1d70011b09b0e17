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

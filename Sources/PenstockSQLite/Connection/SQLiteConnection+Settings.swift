import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How the connections of a store are set.
extension SQLiteConnection {
    /// Sets the connection that writes, and makes the database one with a write-ahead log.
    func configureWriter(_ options: SQLiteOptions) throws(PenstockError) {
        guard !self.isReadOnly else {
            throw SQLiteError(.readOnly, message: "the file was opened for reading only").asPenstockError()
        }
        guard try self.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw PenstockError(
                .storeUnusable,
                "the database refuses a write-ahead log: its filesystem has no shared memory; use a local disk"
            )
        }
        try self.configure(megabytes: 64)
        try self.execute("PRAGMA synchronous = \(options.durability == .relaxed ? "NORMAL" : "FULL")")
        try self.execute("PRAGMA journal_size_limit = \(CheckpointPolicy.bytes)")
        self.countFrames()
    }

    /// Sets a connection that only reads.
    func configureReader() throws(PenstockError) {
        try self.configure(megabytes: 16)
        try self.execute("PRAGMA query_only = on")
    }

    private func configure(megabytes: Int) throws(PenstockError) {
        // Shrinking or damaged files under a mapping end the process with a signal; a read returns an error.
        try self.execute("PRAGMA mmap_size = 0")
        try self.execute("PRAGMA wal_autocheckpoint = 0")
        try self.execute("PRAGMA locking_mode = NORMAL")
        try self.execute("PRAGMA cache_size = -\(megabytes * 1024)")
        try self.execute("PRAGMA temp_store = memory")
        try self.execute("PRAGMA foreign_keys = off")
        try self.execute("PRAGMA trusted_schema = off")
        try self.execute("PRAGMA cell_size_check = on")
        // Some distributions overwrite what is deleted, at a price for every row that changes.
        try self.execute("PRAGMA secure_delete = off")
    }

    /// The bytes that a write-ahead log is lengthened to.
    private static let logBytes = 4 * 1024 * 1024

    /// Writes a short log full of what does not count, so that the commits to come overwrite it.
    ///
    /// To make bytes durable in a file that need not grow costs half of what it costs when it has to. A transaction
    /// that does not fit in the cache spills into the log and is undone, which leaves its frames behind the end. When
    /// that does not work, nothing is lost but the time.
    func lengthenLog(path: String) {
        var status = stat()
        if unsafe stat("\(path)-wal", &status) == 0, status.st_size >= Self.logBytes { return }
        do throws(PenstockError) {
            let cache = try self.integer("PRAGMA cache_size") ?? 0
            try self.execute("PRAGMA cache_size = 16")
            try self.execute("BEGIN IMMEDIATE")
            try self.execute("CREATE TABLE filler (filler BLOB)")
            try self.execute("INSERT INTO filler VALUES (zeroblob(\(Self.logBytes)))")
            try self.execute("ROLLBACK")
            try self.execute("PRAGMA cache_size = \(cache)")
        } catch {
            if !self.isIdle { try? self.execute("ROLLBACK") }
        }
    }

    /// Opens a connection to look around with: closing it leaves the files as they were.
    static func visiting(_ path: String) throws(PenstockError) -> SQLiteConnection {
        try SQLiteConnection(path: path, keepsLog: unsafe access("\(path)-wal", F_OK) == 0)
    }

    /// Opens a connection to copy from, whether somebody is writing to the database or nobody may.
    static func copying(_ path: String) throws(PenstockError) -> SQLiteConnection {
        let isLive = unsafe access("\(path)-wal", F_OK) == 0
        let mayWrite = unsafe access(path, W_OK) == 0 && access(DatabasePath.directory(of: path), W_OK) == 0
        // To read a database that has a log one writes beside it; where there is no log, nobody is writing.
        let connection = try isLive || mayWrite ? SQLiteConnection.visiting(path) : SQLiteConnection(immutable: path)
        try connection.configureReader()
        return connection
    }

    /// Removes what SQLite keeps beside a database, which the last connection does as it closes.
    ///
    /// Nobody else may have one.
    static func removeLog(path: String) {
        do throws(PenstockError) {
            let connection = try SQLiteConnection(path: path, keepsLog: false)
            _ = try connection.integer("PRAGMA user_version")
            connection.close()
        } catch {
            // Then it stays, and whoever opens the database next takes it up.
        }
    }
}

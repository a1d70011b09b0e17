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
        try self.execute("PRAGMA journal_size_limit = \(CheckpointPolicy(idleFrames: options.idleFrames).bytes)")
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

    /// Opens a connection to look around with: closing it leaves the files as they were.
    static func visiting(_ file: DatabaseFile) throws(PenstockError) -> SQLiteConnection {
        let isLive = unsafe access("\(file.path)-wal", F_OK) == 0
        // To read a database that has a log one writes beside it, and whoever may not write to the database could not
        // tidy up; where there is no log, nobody is writing.
        guard file.system != nil || isLive || Self.mayWrite(file) else {
            return try SQLiteConnection(immutable: file.path)
        }
        return try SQLiteConnection(file, keepsLog: file.hasLog)
    }

    /// Whether this user may write to a file and beside it.
    static func mayWrite(_ file: DatabaseFile) -> Bool {
        unsafe access(file.path, W_OK) == 0 && access(DatabasePath.directory(of: file.path), W_OK) == 0
    }

    /// Opens a connection to copy from, whether somebody is writing to the database or nobody may.
    static func copying(_ path: String) throws(PenstockError) -> SQLiteConnection {
        let connection = try SQLiteConnection.visiting(DatabaseFile(path))
        try connection.configureReader()
        return connection
    }
}

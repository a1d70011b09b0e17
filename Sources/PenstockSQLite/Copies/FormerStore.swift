import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What is in the place that a backup is going to have.
struct FormerStore {
    private let path: String
    private let isThere: Bool
    /// What its owners had come to; `nil` when there is no file, or none that can be read.
    let numbers: (epoch: Int64, next: Int64)?

    /// Looks at what is there, while nobody has it open.
    /// - Throws: when it is a database of another program.
    init(at path: String) throws(PenstockError) {
        self.path = path
        self.isThere = unsafe access(path, F_OK) == 0
        self.numbers = try self.isThere ? Self.numbers(of: path) : nil
    }

    private static func numbers(of path: String) throws(PenstockError) -> (epoch: Int64, next: Int64)? {
        let connection: SQLiteConnection
        do throws(PenstockError) {
            connection = try SQLiteConnection.visiting(DatabaseFile(path))
            guard try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0 > 0 else { return nil }
        } catch  where error.code == .storeUnusable {
            // It is too damaged to be read: that is what backups are for.
            return nil
        }
        try Schema.check(connection, path: path)
        let table = SQLiteTable(inspecting: connection, path: path)
        do throws(PenstockError) {
            return (try table.meta("epoch"), try table.meta("next_number"))
        } catch  where error.code == .damaged || error.code == .storeUnusable {
            return nil
        }
    }

    /// Gives the file a second name, under which it is kept, and takes away what would pass for a part of the new one.
    /// - Returns: that name; `nil` when there is no file.
    func stepAside(now: Timestamp) throws(PenstockError) -> String? {
        let name = "\(self.path)-replaced-\(now.compactText)"
        if self.isThere {
            // Its log goes into it, if it can be read at all.
            DatabaseFile(self.path).removeLog()
            guard unsafe link(self.path, name) == 0 else { throw DatabasePath.refused(name, errno) }
        }
        for suffix in ["-wal", "-journal"] {
            var status = stat()
            guard unsafe stat(self.path + suffix, &status) == 0 else { continue }
            guard status.st_size > 0 else {
                unsafe _ = unlink(self.path + suffix)
                continue
            }
            guard unsafe rename(self.path + suffix, name + suffix) == 0 else {
                throw DatabasePath.refused(self.path + suffix, errno)
            }
        }
        unsafe _ = unlink(self.path + "-shm")
        try DatabasePath.syncDirectory(of: self.path)
        return self.isThere ? name : nil
    }
}

import CSQLite
import Penstock

/// A database file, and through which of the file systems that SQLite knows it is reached.
package struct DatabaseFile: Sendable {
    /// The path, as that file system understands it.
    package let path: String

    /// The name under which the file system is registered with SQLite; `nil` is the machine's own.
    package let system: String?

    /// Names a file.
    package init(_ path: String, in system: String? = nil) {
        self.path = path
        self.system = system
    }

    /// Whether a write-ahead log that can be used lies beside the database, be it empty.
    var hasLog: Bool {
        guard let system = unsafe sqlite3_vfs_find(self.system) else { return false }
        var isThere: Int32 = 0
        let code = unsafe system.pointee.xAccess(system, "\(self.path)-wal", SQLITE_ACCESS_READWRITE, &isThere)
        return code == SQLITE_OK && isThere != 0
    }

    /// Removes what SQLite keeps beside a database, which the last connection does as it closes.
    ///
    /// Nobody else may have one.
    package func removeLog() {
        do throws(PenstockError) {
            let connection = try SQLiteConnection(self, keepsLog: false)
            _ = try connection.integer("PRAGMA user_version")
            connection.close()
        } catch {
            // Then it stays, and whoever opens the database next takes it up.
        }
    }
}

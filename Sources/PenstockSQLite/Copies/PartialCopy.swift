import CLinux
import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A copy of a database that grows beside the name it is going to have, and gets it once it is whole and durable.
///
/// What a process leaves behind that dies over it is overwritten by the next copy of that name.
final class PartialCopy {
    let path: String
    private let destination: String
    /// The open file, with a lock on it.
    ///
    /// It is closed last: to close any descriptor of a database drops the locks that SQLite has on it.
    private let descriptor: Int32

    /// Makes an empty file, which nobody but this process may fill.
    init(of destination: String) throws(PenstockError) {
        let path = "\(destination)-partial"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw DatabasePath.refused(path, errno) }
            throw PenstockError(.storeUnusable, "the directory of '\(destination)' does not exist: make it first")
        }
        let code = clinux_lock(descriptor)
        guard code == 0 else {
            close(descriptor)
            throw PenstockError(.conflict, "another process is copying to '\(path)': wait until it has ended")
        }
        (self.path, self.destination, self.descriptor) = (path, destination, descriptor)
        guard ftruncate(descriptor, 0) == 0 else {
            let error = DatabasePath.refused(path, errno)
            self.discard()
            throw error
        }
    }

    deinit {
        close(self.descriptor)
    }

    /// Fills the file with what one transaction sees, and makes it a database that is one file and no more.
    func fill(from source: SQLiteConnection, progress: (Int, Int) -> Void) throws(PenstockError) {
        let target = try SQLiteConnection(DatabaseFile(self.path), keepsLog: false)
        // What a process leaves behind that dies now counts for nothing, so nothing has to be undone or made durable.
        try target.execute("PRAGMA journal_mode = MEMORY")
        try target.execute("PRAGMA synchronous = OFF")
        try target.execute("PRAGMA cache_size = -8192")
        try source.copy(to: target, progress: progress)
        guard try target.text("PRAGMA journal_mode = DELETE") == "delete" else {
            throw PenstockError(.storeUnavailable, "'\(self.path)' could not be completed: try again")
        }
        target.close()
    }

    /// Gives the copy the owner and the permissions of the file whose place it takes, so that whoever could open that
    /// one can open this one.
    func takePermissions(of path: String) throws(PenstockError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return }
        // Only an administrator may give files away; for anybody else it is a file of theirs in any case.
        if geteuid() == 0, fchown(self.descriptor, status.st_uid, status.st_gid) != 0 {
            throw DatabasePath.refused(self.path, errno)
        }
        guard fchmod(self.descriptor, status.st_mode & 0o777) == 0 else { throw DatabasePath.refused(self.path, errno) }
    }

    /// Makes the copy durable, and gives it its name.
    /// - Parameter replaces: Whether there may be a file of that name, which then is gone.
    func publish(replaces: Bool) throws(PenstockError) {
        guard fsync(self.descriptor) == 0 else { throw DatabasePath.refused(self.path, errno) }
        let code: Int32
        if replaces {
            code = unsafe rename(self.path, self.destination) == 0 ? 0 : errno
        } else {
            code = unsafe clinux_rename_new(self.path, self.destination)
        }
        if code == EEXIST { throw Self.exists(self.destination) }
        guard code == 0 else { throw DatabasePath.refused(self.destination, code) }
        try DatabasePath.syncDirectory(of: self.destination)
    }

    /// Removes what there is of the copy.
    func discard() {
        for suffix in ["", "-wal", "-shm", "-journal"] { unsafe _ = unlink(self.path + suffix) }
    }

    static func exists(_ path: String) -> PenstockError {
        PenstockError(.conflict, "'\(path)' is there already: name another file, or move that one away")
    }
}

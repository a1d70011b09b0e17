#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Which file a path leads to.
struct FileIdentity: Hashable {
    private let device: UInt64
    private let inode: UInt64

    /// - Returns: `nil` when there is no such file.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.device = UInt64(truncatingIfNeeded: status.st_dev)
        self.inode = UInt64(status.st_ino)
    }
}

/// The files of a store that is open, by which its owner notices that somebody has put others in their place.
///
/// To ask costs a few system calls that touch no disk.
struct FileWatch {
    private struct File {
        let path: String
        let identity: FileIdentity?

        init(_ path: String) {
            self.path = path
            self.identity = FileIdentity(path: path)
        }

        var isThere: Bool { FileIdentity(path: self.path) == self.identity }
    }

    private let database: File
    private let log: File
    /// The file that says who owns the others.
    private let owner: File

    init(database: String) {
        self.database = File(database)
        self.log = File(database + "-wal")
        self.owner = File(database + "-owner")
    }

    /// The first of the files that is not there any more, or is another one.
    var changed: String? {
        for file in [self.database, self.log, self.owner] where !file.isThere { return file.path }
        return nil
    }

    /// The same of the database alone, for the time of one commit.
    var changedDatabase: String? { self.database.isThere ? nil : self.database.path }

    /// Whether nobody else can have become the owner.
    var isOwned: Bool { self.owner.isThere }
}

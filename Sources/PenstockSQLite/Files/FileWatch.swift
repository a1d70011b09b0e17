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
    private let database: String
    private let identities: [FileIdentity?]

    /// The database, its log, and the file that says who owns it.
    private static let suffixes = ["", "-wal", "-owner"]

    init(database: String) {
        self.database = database
        self.identities = Self.suffixes.map { FileIdentity(path: database + $0) }
    }

    /// The first of the files that is not there any more, or is another one.
    var changed: String? {
        for (suffix, identity) in zip(Self.suffixes, self.identities)
        where FileIdentity(path: self.database + suffix) != identity {
            return self.database + suffix
        }
        return nil
    }

    /// Whether nobody else can have become the owner.
    var isOwned: Bool { FileIdentity(path: self.database + "-owner") == self.identities.last }
}

import CLinux
import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where a database is, by the one name that all its names lead to, and whether a store can be there.
package enum DatabasePath {
    /// Finds the one name of the file, and refuses what no store can be kept in.
    ///
    /// Nothing is written.
    static func resolve(_ path: String) throws(PenstockError) -> String {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw PenstockError(.storeUnusable, "the path of the database is empty or has a NUL: give a file's path")
        }
        let resolved: String
        var status = stat()
        if let real = self.realPath(path) {
            resolved = real
            guard unsafe stat(real, &status) == 0 else { throw self.refused(path, errno) }
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw PenstockError(.storeUnusable, "'\(path)' is a directory: name a file in it")
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw PenstockError(.storeUnusable, "'\(path)' is no ordinary file: give the path of a file")
            }
            guard status.st_nlink == 1 else {
                throw PenstockError(
                    .storeUnusable,
                    "'\(path)' has a second hard link: two owners could not see each other, so remove one of them"
                )
            }
        } else {
            guard unsafe lstat(path, &status) != 0 else {
                throw PenstockError(.storeUnusable, "'\(path)' is a symbolic link that leads nowhere: mend it")
            }
            let (directory, name) = self.split(path)
            guard !name.isEmpty, let real = self.realPath(directory) else {
                throw PenstockError(.storeUnusable, "the directory of '\(path)' does not exist: make it first")
            }
            resolved = real == "/" ? "/\(name)" : "\(real)/\(name)"
        }
        try self.checkFilesystem(resolved)
        return resolved
    }

    /// Makes the file if it is not there, for its owner's eyes only, and finds out whether it may be written to.
    ///
    /// To close any descriptor of a database drops all the locks that the process has on it, so this is for a process
    /// that has no connection to it yet: one that holds the owner's file.
    static func create(_ path: String) throws(PenstockError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw self.refused(path, errno) }
        close(descriptor)
    }

    /// What a system call's error means for somebody who wants to open a store.
    static func refused(_ path: String, _ code: Int32) -> PenstockError {
        let reason = unsafe String(cString: strerror(code))
        return switch code {
        case EACCES, EPERM, EROFS:
            PenstockError(
                .storeUnusable,
                "'\(path)' cannot be written to (\(reason)): let this user write to the file and its directory"
            )
        case ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM:
            PenstockError(.storeUnavailable, "'\(path)' cannot be opened now: \(reason)")
        default: PenstockError(.storeUnusable, "'\(path)' cannot be opened: \(reason)")
        }
    }

    /// Makes the names in a file's directory durable.
    static func syncDirectory(of path: String) throws(PenstockError) {
        let directory = self.directory(of: path)
        let descriptor = unsafe open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw self.refused(directory, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw self.refused(directory, errno) }
    }

    static func directory(of path: String) -> String { self.split(path).directory }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    private static func checkFilesystem(_ path: String) throws(PenstockError) {
        var kind = 0
        guard unsafe clinux_filesystem(self.split(path).directory, &kind) == 0 else { return }
        guard let name = self.networkName(ofFilesystem: kind) else { return }
        throw PenstockError(
            .storeUnusable,
            "'\(path)' is on \(name): its locks do not hold between machines; use a local disk"
        )
    }

    /// The name of a filesystem that reaches over a network, by the number that the kernel gives it.
    package static func networkName(ofFilesystem kind: Int) -> String? {
        unsafe clinux_network_name(kind).map { unsafe String(cString: $0) }
    }
}

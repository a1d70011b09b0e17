import CLinux
import Penstock
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The file beside a database that says who owns it, and what the owner is working on.
///
/// Its lock is held as long as the store is open and ends with the process, however that ends: nobody waits for a
/// lease after a crash. The pages are shared with the kernel, so what was written there also outlives the process,
/// though not the machine; after a power failure nobody knows what was at work, and nobody is charged for it.
final class OwnerFile: LastClaims {
    /// The claims, as the store tells them.
    let claims: ClaimSlots

    private let path: String
    /// The open file that holds the lock; `nil` once it is given up.
    private let descriptor: Mutex<Int32?>
    private let isNew: Bool
    private let database: String
    /// How many connections are open under the lock.
    private let connections: Atomic<Int>
    private let hasLostFiles = Atomic<Bool>(false)

    /// Takes the file, or says who has it.
    ///
    /// So many connections will be opened under it, and be reported closed.
    init(database: String, now: Timestamp, connections: Int) throws(PenstockError) {
        self.connections = Atomic(connections)
        let path = "\(database)-owner"
        let (descriptor, isNew) = try Self.lock(path, database: database)
        do throws(PenstockError) {
            self.claims = try ClaimSlots(mapping: descriptor, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.database = database
        self.isNew = isNew
        self.descriptor = Mutex(descriptor)
        self.claims.describe(now: now)
    }

    /// Opens the file and locks it.
    private static func lock(
        _ path: String,
        database: String
    ) throws(PenstockError) -> (descriptor: Int32, isNew: Bool) {
        // Somebody who only asks who the owner is holds the lock for a moment; and the file may be removed between
        // the opening and the locking. Either way one looks again, but not for ever.
        var attempt = 0
        while true {
            attempt += 1
            var isNew = true
            var descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor < 0, errno == EEXIST {
                isNew = false
                descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
            }
            guard descriptor >= 0 else {
                guard errno == ENOENT, attempt < 50, Self.isThere(Self.directory(of: path)) else {
                    throw DatabasePath.refused(database, errno)
                }
                continue
            }
            let code = clinux_lock(descriptor)
            if code == 0, Self.isSame(descriptor, path) { return (descriptor, isNew) }
            let owner = ClaimSlots.description(in: descriptor)
            close(descriptor)
            guard attempt < 50 else { throw Self.owned(database, owner, code) }
            usleep(1000)
        }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    }

    private static func isThere(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// Whether the path still leads to the file that was opened.
    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var opened = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &opened) == 0, unsafe stat(path, &named) == 0 else { return false }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }

    private static func owned(_ database: String, _ owner: OwnerDescription?, _ code: Int32) -> PenstockError {
        guard code == EWOULDBLOCK else { return DatabasePath.refused(database, code) }
        return PenstockError(
            .storeOwned,
            """
            '\(database)' is owned by \(owner.map { "\($0)" } ?? "another process"): end it, or let it do what is \
            to be done
            """
        )
    }

    /// Who owns a database; `nil` when nobody does.
    static func owner(ofDatabase database: String) throws(PenstockError) -> OwnerDescription? {
        let descriptor = unsafe open("\(database)-owner", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw DatabasePath.refused("\(database)-owner", errno)
        }
        defer { close(descriptor) }
        return clinux_is_locked(descriptor) == 1 ? ClaimSlots.description(in: descriptor) : nil
    }

    /// What the last owner was working on when it died, if its claims are of that epoch.
    func suspects(ofEpoch epoch: Int64) -> [LeaseReference] {
        self.claims.epoch == epoch ? self.claims.left : []
    }

    /// The last owner's claims are settled; those to come are of `epoch`.
    func takenOver(epoch: Int64) {
        self.claims.begin(epoch: epoch)
    }

    /// One of the connections was closed.
    ///
    /// With the last one goes what SQLite keeps beside the database, unless the files are not the owner's any more, and
    /// the lock.
    func connectionClosed(hasLostFiles: Bool) {
        if hasLostFiles { self.hasLostFiles.store(true, ordering: .releasing) }
        guard self.connections.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        if !self.hasLostFiles.load(ordering: .acquiring) { DatabaseFile(self.database).removeLog() }
        self.release()
    }

    /// Gives the file up.
    ///
    /// When nothing came of the opening, a file that was made for it goes again.
    func release(isUnused: Bool = false) {
        self.claims.end()
        let descriptor = self.descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        guard let descriptor else { return }
        if isUnused, self.isNew { unsafe _ = unlink(self.path) }
        close(descriptor)
    }
}

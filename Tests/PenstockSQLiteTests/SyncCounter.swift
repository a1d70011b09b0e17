import CSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Counts how often SQLite has the system make a write-ahead log durable.
///
/// It stands between SQLite and the system, for all databases of the process: a test that uses it takes a process of
/// its own.
enum SyncCounter {
    private typealias Sync = @convention(c) (UnsafeMutablePointer<sqlite3_file>?, Int32) -> Int32

    private static let count = Atomic(0)

    // These are set before the first log is opened, on one thread, and only read after that.
    nonisolated(unsafe) private static var system: UnsafeMutablePointer<sqlite3_vfs>?
    nonisolated(unsafe) private static var log: UnsafeMutablePointer<sqlite3_io_methods>?  // As the first.
    nonisolated(unsafe) private static var sync: Sync?  // As the first.

    /// Whether logs fail to be made durable from now on.
    static let failing = Atomic(false)

    /// How often so far.
    static var syncs: Int { self.count.load(ordering: .relaxed) }

    /// Begins to count.
    /// - Returns: whether SQLite has agreed.
    static func install() -> Bool {
        guard let system = unsafe sqlite3_vfs_find(nil) else { return false }
        let counting = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe counting.initialize(to: system.pointee)
        unsafe counting.pointee.zName = unsafe UnsafePointer(strdup("counting"))
        unsafe counting.pointee.xOpen = { _, name, file, flags, answer in
            guard let system = unsafe SyncCounter.system, let open = unsafe system.pointee.xOpen else {
                return SQLITE_ERROR
            }
            let code = unsafe open(system, name, file, flags, answer)
            if code == SQLITE_OK, flags & SQLITE_OPEN_WAL != 0, let file = unsafe file {
                unsafe SyncCounter.watch(file)
            }
            return code
        }
        unsafe self.system = system
        return unsafe sqlite3_vfs_register(counting, 1) == SQLITE_OK
    }

    /// Has an open log go through here when it is made durable.
    private static func watch(_ file: UnsafeMutablePointer<sqlite3_file>) {
        if unsafe self.log == nil, let methods = unsafe file.pointee.pMethods {
            let counting = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
            unsafe counting.initialize(to: methods.pointee)
            unsafe self.sync = methods.pointee.xSync
            unsafe counting.pointee.xSync = { file, flags in
                SyncCounter.count.add(1, ordering: .relaxed)
                if SyncCounter.failing.load(ordering: .relaxed) { return SQLITE_IOERR }
                return unsafe SyncCounter.sync?(file, flags) ?? SQLITE_ERROR
            }
            unsafe self.log = counting
        }
        unsafe file.pointee.pMethods = unsafe UnsafePointer(self.log)
    }
}

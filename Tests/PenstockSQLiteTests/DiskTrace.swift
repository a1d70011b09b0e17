import CSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What SQLite asked of the disk, in order, and when transactions were acknowledged in between.
///
/// It stands between SQLite and the system, for all databases of the process: a test that uses it takes a process of
/// its own.
enum DiskTrace {
    /// One thing that happened.
    enum Event: Sendable {
        case write(file: Int, offset: Int, [UInt8])
        case truncate(file: Int, size: Int)
        case sync(file: Int)
        /// The transaction with this number was acknowledged.
        case acknowledged(Int)
    }

    private struct State {
        var events: [Event] = []
        var paths: [String] = []
        /// The number of the file behind each open handle.
        var files: [UInt: Int] = [:]
    }

    private typealias File = UnsafeMutablePointer<sqlite3_file>
    private typealias Methods = UnsafeMutablePointer<sqlite3_io_methods>

    private static let state = Mutex(State())
    // These are set before the first file of their kind is opened, by the thread that opens it, and only read after.
    nonisolated(unsafe) private static var system: UnsafeMutablePointer<sqlite3_vfs>?
    /// The system's methods for databases and for logs, and the tracing ones that stand for them.
    nonisolated(unsafe) private static var originals: [Methods?] = unsafe [nil, nil]  // As the first.
    nonisolated(unsafe) private static var tracing: [Methods?] = unsafe [nil, nil]  // As the first.

    /// Begins to trace.
    /// - Returns: whether SQLite has agreed.
    static func install() -> Bool {
        guard let system = unsafe sqlite3_vfs_find(nil) else { return false }
        unsafe self.system = system
        unsafe self.tracing = unsafe [Self.methods(0), Self.methods(1)]
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe vfs.initialize(to: system.pointee)
        unsafe vfs.pointee.zName = unsafe UnsafePointer(strdup("tracing"))
        unsafe vfs.pointee.xOpen = { _, name, file, flags, answer in
            guard let system = unsafe DiskTrace.system, let open = unsafe system.pointee.xOpen else {
                return SQLITE_ERROR
            }
            let code = unsafe open(system, name, file, flags, answer)
            guard code == SQLITE_OK, let file = unsafe file, let name = unsafe name else { return code }
            if flags & SQLITE_OPEN_MAIN_DB != 0 { unsafe DiskTrace.watch(file, String(cString: name), kind: 0) }
            if flags & SQLITE_OPEN_WAL != 0 { unsafe DiskTrace.watch(file, String(cString: name), kind: 1) }
            return code
        }
        return unsafe sqlite3_vfs_register(vfs, 1) == SQLITE_OK
    }

    /// Notes that a transaction was acknowledged.
    static func acknowledged(_ number: Int) {
        self.state.withLock { $0.events.append(.acknowledged(number)) }
    }

    /// Everything so far, and the paths of the files by their numbers.
    static var all: (events: [Event], paths: [String]) { self.state.withLock { ($0.events, $0.paths) } }

    private static func watch(_ file: File, _ path: String, kind: Int) {
        self.state.withLock { state in
            let number = state.paths.firstIndex(of: path) ?? state.paths.count
            if number == state.paths.count { state.paths.append(path) }
            state.files[UInt(bitPattern: file)] = number
        }
        guard let original = unsafe file.pointee.pMethods, let methods = unsafe self.tracing[kind] else { return }
        if unsafe self.originals[kind] == nil {
            unsafe self.originals[kind] = unsafe UnsafeMutablePointer(mutating: original)
            let (write, sync, truncate) = unsafe (
                methods.pointee.xWrite, methods.pointee.xSync, methods.pointee.xTruncate
            )
            unsafe methods.initialize(to: original.pointee)
            unsafe (methods.pointee.xWrite, methods.pointee.xSync, methods.pointee.xTruncate) = unsafe (
                write, sync, truncate
            )
        }
        unsafe file.pointee.pMethods = unsafe UnsafePointer(methods)
    }

    private static func note(_ file: File?, _ event: (Int) -> Event) {
        self.state.withLock { state in
            guard let number = state.files[UInt(bitPattern: file)] else { return }
            state.events.append(event(number))
        }
    }

    /// The tracing methods of one kind; what they leave out is filled in when the first file is opened.
    private static func methods(_ kind: Int) -> Methods {
        let methods = Methods.allocate(capacity: 1)
        unsafe methods.initialize(to: sqlite3_io_methods())
        if kind == 0 {
            unsafe methods.pointee.xWrite = { unsafe DiskTrace.write(0, $0, $1, $2, $3) }
            unsafe methods.pointee.xSync = { unsafe DiskTrace.sync(0, $0, $1) }
            unsafe methods.pointee.xTruncate = { unsafe DiskTrace.truncate(0, $0, $1) }
        } else {
            unsafe methods.pointee.xWrite = { unsafe DiskTrace.write(1, $0, $1, $2, $3) }
            unsafe methods.pointee.xSync = { unsafe DiskTrace.sync(1, $0, $1) }
            unsafe methods.pointee.xTruncate = { unsafe DiskTrace.truncate(1, $0, $1) }
        }
        return unsafe methods
    }

    private static func write(
        _ kind: Int,
        _ file: File?,
        _ bytes: UnsafeRawPointer?,
        _ count: Int32,
        _ offset: sqlite3_int64
    ) -> Int32 {
        let content = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        unsafe self.note(file) { .write(file: $0, offset: Int(offset), content) }
        return unsafe self.originals[kind]?.pointee.xWrite?(file, bytes, count, offset) ?? SQLITE_ERROR
    }

    private static func sync(_ kind: Int, _ file: File?, _ flags: Int32) -> Int32 {
        let code = unsafe self.originals[kind]?.pointee.xSync?(file, flags) ?? SQLITE_ERROR
        if code == SQLITE_OK { unsafe self.note(file) { .sync(file: $0) } }
        return code
    }

    private static func truncate(_ kind: Int, _ file: File?, _ size: sqlite3_int64) -> Int32 {
        unsafe self.note(file) { .truncate(file: $0, size: Int(size)) }
        return unsafe self.originals[kind]?.pointee.xTruncate?(file, size) ?? SQLITE_ERROR
    }
}

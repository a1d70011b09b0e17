import CSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file system for SQLite, under which every simulated disk of the process is a directory.
///
/// It is registered once, beside the system's own, which goes on as it was.
enum CrashFileSystem {
    private struct Directory {
        weak var disk: SimulatedDisk?
    }

    private struct State {
        var last = 0
        var directories: [Int: Directory] = [:]
    }

    /// The name by which SQLite knows it.
    static let name = "penstock-crash"

    private static let state = Mutex(State())

    /// The result of registering it, which happens once.
    private static let registration: Int32 = Self.register()

    /// A number for a directory that no disk has had.
    static func nextDirectory() -> Int {
        self.state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    /// Gives a disk its directory, until ``unmount(_:)`` takes it away again.
    static func mount(_ disk: SimulatedDisk, as number: Int) {
        precondition(self.registration == SQLITE_OK, "SQLite refuses another file system")
        self.state.withLock { $0.directories[number] = Directory(disk: disk) }
    }

    static func unmount(_ number: Int) {
        self.state.withLock { $0.directories[number] = nil }
    }

    /// The path of a file of the disk in a directory.
    static func path(_ number: Int, _ name: String) -> String { "disk-\(number)/\(name)" }

    /// Finds the disk, and the name on it, that a path leads to.
    static func resolve(_ path: UnsafePointer<CChar>) -> (disk: SimulatedDisk, name: String)? {
        let path = unsafe String(cString: path)
        guard let slash = path.firstIndex(of: "/"), path.hasPrefix("disk-") else { return nil }
        guard let number = Int(path[..<slash].dropFirst(5)) else { return nil }
        guard let disk = self.state.withLock({ $0.directories[number]?.disk }) else { return nil }
        return (disk, String(path[path.index(after: slash)...]))
    }

    /// The time that SQLite's own functions see, which is always the same: 14 November 2023, 22:13:20.
    private static let milliseconds: sqlite3_int64 = 1_700_000_000_000
    private static let day: sqlite3_int64 = 86_400_000
    /// The time of Unix's first day in days of Julius Caesar's calendar, times two.
    private static let halfDaysBefore: sqlite3_int64 = 4_881_175
    fileprivate static let now = Self.milliseconds + Self.halfDaysBefore * Self.day / 2

    private static func register() -> Int32 {
        let system = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe system.initialize(to: sqlite3_vfs())
        unsafe system.pointee.iVersion = 2
        unsafe system.pointee.szOsFile = Int32(CrashFile.bytes)
        unsafe system.pointee.mxPathname = 512
        unsafe system.pointee.zName = unsafe UnsafePointer(strdup(self.name))
        unsafe system.pointee.xOpen = { unsafe CrashFile.open($1, $2, $3, $4) }
        unsafe system.pointee.xDelete = { _, path, syncsNames in
            guard let path = unsafe path, let (disk, name) = unsafe CrashFileSystem.resolve(path) else {
                return DiskCode.remove
            }
            return disk.remove(name, syncsNames: syncsNames != 0)
        }
        unsafe system.pointee.xAccess = { _, path, _, answer in
            guard let path = unsafe path, let (disk, name) = unsafe CrashFileSystem.resolve(path),
                let isThere = disk.isThere(name)
            else { return DiskCode.access }
            unsafe answer?.pointee = isThere ? 1 : 0
            return SQLITE_OK
        }
        unsafe system.pointee.xFullPathname = { _, path, count, answer in
            guard let path = unsafe path, let answer = unsafe answer, unsafe strlen(path) < Int(count) else {
                return SQLITE_CANTOPEN
            }
            unsafe strcpy(answer, path)
            return SQLITE_OK
        }
        unsafe system.pointee.xRandomness = { _, count, answer in
            // SQLite asks the default file system for this, so it is only for those who name this one.
            for place in 0..<Int(count) { unsafe answer?[place] = CChar(truncatingIfNeeded: place) }
            return count
        }
        // Whoever waits here waits for a lock of its own thread's, or of one that goes on meanwhile.
        unsafe system.pointee.xSleep = { _, microseconds in microseconds }
        unsafe system.pointee.xCurrentTimeInt64 = { _, answer in
            unsafe answer?.pointee = CrashFileSystem.now
            return SQLITE_OK
        }
        unsafe system.pointee.xGetLastError = { _, _, _ in 0 }
        return unsafe sqlite3_vfs_register(system, 0)
    }
}

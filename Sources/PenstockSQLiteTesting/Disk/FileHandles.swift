import CSQLite

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The files that the connections of one process have open, with their locks and the memory that they share.
struct FileHandles {
    struct Handle {
        let file: Int
        let name: String
        /// Whether the first sync also makes the names in the directory durable.
        var syncsNames: Bool
        let isTemporary: Bool
        /// The lock on the database: one of SQLite's five levels.
        var level = SQLITE_LOCK_NONE
        /// The locks on the slots of the shared memory, one bit each.
        var shared: UInt32 = 0
        var exclusive: UInt32 = 0
    }

    private var open: [Int: Handle] = [:]
    private var last = 0
    /// The addresses of the regions of shared memory of each file.
    private var memory: [Int: [UInt]] = [:]

    subscript(_ handle: Int) -> Handle? { self.open[handle] }

    mutating func open(_ file: Int, _ name: String, mayMake: Bool, isTemporary: Bool) -> Int {
        self.last += 1
        let syncsNames = mayMake && (name.hasSuffix("-wal") || name.hasSuffix("-journal"))
        self.open[self.last] = Handle(file: file, name: name, syncsNames: syncsNames, isTemporary: isTemporary)
        return self.last
    }

    mutating func close(_ handle: Int) -> Handle? {
        guard let closed = self.open.removeValue(forKey: handle) else { return nil }
        if !self.open.values.contains(where: { $0.file == closed.file }) { self.freeMemory(of: closed.file) }
        return closed
    }

    mutating func synced(_ handle: Int) {
        self.open[handle]?.syncsNames = false
    }

    private func others(_ handle: Int) -> some Sequence<Handle> {
        let file = self.open[handle]?.file
        return self.open.lazy.filter { $0.key != handle && $0.value.file == file }.map(\.value)
    }

    // MARK: Locks on the database

    mutating func lock(_ handle: Int, _ level: Int32) -> Int32 {
        guard let held = self.open[handle]?.level, held < level else { return SQLITE_OK }
        let others = self.others(handle).map(\.level).max() ?? SQLITE_LOCK_NONE
        switch level {
        case SQLITE_LOCK_SHARED: guard others < SQLITE_LOCK_PENDING else { return SQLITE_BUSY }
        default: guard others < SQLITE_LOCK_RESERVED else { return SQLITE_BUSY }
        }
        if level == SQLITE_LOCK_EXCLUSIVE, others >= SQLITE_LOCK_SHARED {
            // Nobody else may begin to read, and it is tried again.
            self.open[handle]?.level = SQLITE_LOCK_PENDING
            return SQLITE_BUSY
        }
        self.open[handle]?.level = level
        return SQLITE_OK
    }

    mutating func unlock(_ handle: Int, to level: Int32) {
        guard let held = self.open[handle]?.level, held > level else { return }
        self.open[handle]?.level = level
    }

    func isReserved(_ handle: Int) -> Bool {
        guard let file = self.open[handle]?.file else { return false }
        return self.open.values.contains { $0.file == file && $0.level > SQLITE_LOCK_SHARED }
    }

    // MARK: Shared memory

    /// - Returns: the address of a region; 0 when it is not there and is not wanted.
    mutating func region(_ handle: Int, _ number: Int, bytes: Int, isWanted: Bool) -> UInt {
        guard let file = self.open[handle]?.file else { return 0 }
        while isWanted, self.memory[file, default: []].count <= number {
            let region = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 8)
            unsafe memset(region, 0, bytes)
            self.memory[file, default: []].append(UInt(bitPattern: region))
        }
        let regions = self.memory[file, default: []]
        return number < regions.count ? regions[number] : 0
    }

    /// Locks slots for one connection alone, or together with others.
    mutating func lockSlots(_ handle: Int, _ slots: UInt32, isExclusive: Bool) -> Int32 {
        for other in self.others(handle) {
            let taken = isExclusive ? other.shared | other.exclusive : other.exclusive
            guard taken & slots == 0 else { return SQLITE_BUSY }
        }
        if isExclusive { self.open[handle]?.exclusive |= slots } else { self.open[handle]?.shared |= slots }
        return SQLITE_OK
    }

    mutating func unlockSlots(_ handle: Int, _ slots: UInt32) {
        self.open[handle]?.shared &= ~slots
        self.open[handle]?.exclusive &= ~slots
    }

    mutating func freeMemory() {
        for file in self.memory.keys.sorted() { self.freeMemory(of: file) }
    }

    private mutating func freeMemory(of file: Int) {
        for region in self.memory.removeValue(forKey: file) ?? [] {
            unsafe UnsafeMutableRawPointer(bitPattern: region)?.deallocate()
        }
    }
}

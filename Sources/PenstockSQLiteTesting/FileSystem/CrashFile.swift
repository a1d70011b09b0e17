import CSQLite

/// An open file of a simulated disk, as SQLite keeps it: its own part, and after that ours.
enum CrashFile {
    /// What is behind a file that SQLite has open.
    private final class Open {
        let disk: SimulatedDisk
        let handle: Int

        init(_ disk: SimulatedDisk, _ handle: Int) {
            self.disk = disk
            self.handle = handle
        }
    }

    private typealias File = UnsafeMutablePointer<sqlite3_file>

    /// The bytes that SQLite keeps for each file.
    static let bytes = unsafe MemoryLayout<sqlite3_file>.stride + MemoryLayout<UnsafeRawPointer>.stride

    nonisolated(unsafe)  // Filled in once, before anybody can have it, and only read after that.
        private static let methods = unsafe Self.makeMethods()

    /// Opens a file, for `xOpen`.
    static func open(
        _ path: UnsafePointer<CChar>?,
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ flags: Int32,
        _ answer: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let file = unsafe file else { return SQLITE_CANTOPEN }
        unsafe file.pointee.pMethods = nil
        // What has no name is SQLite's own for a moment, and on no disk.
        guard let (disk, name) = unsafe path.map({ unsafe CrashFileSystem.resolve($0) }) ?? (SimulatedDisk(), "") else {
            return SQLITE_CANTOPEN
        }
        let mayMake = flags & SQLITE_OPEN_CREATE != 0
        let isTemporary = flags & SQLITE_OPEN_DELETEONCLOSE != 0
        guard let handle = disk.open(name, mayMake: mayMake, isTemporary: isTemporary) else { return SQLITE_CANTOPEN }
        unsafe self.place(file).storeBytes(
            of: Unmanaged.passRetained(Open(disk, handle)).toOpaque(),
            as: UnsafeMutableRawPointer.self
        )
        unsafe file.pointee.pMethods = unsafe UnsafePointer(self.methods)
        unsafe answer?.pointee = flags
        return SQLITE_OK
    }

    private static func place(_ file: File) -> UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(file).advanced(by: MemoryLayout<sqlite3_file>.stride)
    }

    private static func reference(_ file: File) -> Unmanaged<Open> {
        unsafe Unmanaged.fromOpaque(self.place(file).load(as: UnsafeMutableRawPointer.self))
    }

    /// Does something with an open file.
    private static func with(_ file: File?, _ body: (SimulatedDisk, Int) -> Int32) -> Int32 {
        guard let file = unsafe file else { return SQLITE_MISUSE }
        let open = unsafe self.reference(file).takeUnretainedValue()
        return body(open.disk, open.handle)
    }

    private static func makeMethods() -> UnsafeMutablePointer<sqlite3_io_methods> {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        unsafe methods.initialize(to: sqlite3_io_methods())
        // The second version has shared memory, and no mapping of files.
        unsafe methods.pointee.iVersion = 2
        unsafe self.addContent(methods)
        unsafe self.addLocks(methods)
        unsafe self.addSharedMemory(methods)
        unsafe methods.pointee.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        // As the system's own file system answers on Linux.
        unsafe methods.pointee.xSectorSize = { _ in 4096 }
        unsafe methods.pointee.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        return unsafe methods
    }

    private static func addContent(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        unsafe methods.pointee.xClose = { file in
            guard let file = unsafe file else { return SQLITE_MISUSE }
            let open = unsafe CrashFile.reference(file).takeRetainedValue()
            open.disk.close(open.handle)
            return SQLITE_OK
        }
        unsafe methods.pointee.xRead = { file, buffer, count, offset in
            let buffer = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
            return unsafe CrashFile.with(file) { unsafe $0.read($1, into: buffer, at: Int(offset)) }
        }
        unsafe methods.pointee.xWrite = { file, buffer, count, offset in
            let buffer = unsafe UnsafeRawBufferPointer(start: buffer, count: Int(count))
            return unsafe CrashFile.with(file) { unsafe $0.write($1, buffer, at: Int(offset)) }
        }
        unsafe methods.pointee.xTruncate = { file, size in
            unsafe CrashFile.with(file) { $0.truncate($1, to: Int(size)) }
        }
        unsafe methods.pointee.xSync = { file, _ in unsafe CrashFile.with(file) { $0.sync($1) } }
        unsafe methods.pointee.xFileSize = { file, answer in
            unsafe CrashFile.with(file) { disk, handle in
                guard let size = disk.size(handle) else { return DiskCode.size }
                unsafe answer?.pointee = sqlite3_int64(size)
                return SQLITE_OK
            }
        }
    }

    private static func addLocks(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        unsafe methods.pointee.xLock = { file, level in
            unsafe CrashFile.with(file) { disk, handle in disk.handles { $0.lock(handle, level) } }
        }
        unsafe methods.pointee.xUnlock = { file, level in
            unsafe CrashFile.with(file) { disk, handle in
                disk.handles { $0.unlock(handle, to: level) }
                return SQLITE_OK
            }
        }
        unsafe methods.pointee.xCheckReservedLock = { file, answer in
            unsafe CrashFile.with(file) { disk, handle in
                unsafe answer?.pointee = disk.handles { $0.isReserved(handle) } ? 1 : 0
                return SQLITE_OK
            }
        }
    }

    private static func addSharedMemory(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        unsafe methods.pointee.xShmMap = { file, number, bytes, isWanted, answer in
            unsafe CrashFile.with(file) { disk, handle in
                let region = disk.handles {
                    $0.region(handle, Int(number), bytes: Int(bytes), isWanted: isWanted != 0)
                }
                unsafe answer?.pointee = unsafe UnsafeMutableRawPointer(bitPattern: region)
                return SQLITE_OK
            }
        }
        unsafe methods.pointee.xShmLock = { file, first, count, flags in
            let slots = UInt32((1 << count) - 1) << UInt32(first)
            return unsafe CrashFile.with(file) { disk, handle in
                disk.handles { handles in
                    if flags & SQLITE_SHM_LOCK != 0 {
                        return handles.lockSlots(handle, slots, isExclusive: flags & SQLITE_SHM_EXCLUSIVE != 0)
                    }
                    handles.unlockSlots(handle, slots)
                    return SQLITE_OK
                }
            }
        }
        // All connections to a disk take turns at the disk's own lock.
        unsafe methods.pointee.xShmBarrier = { _ in }
        unsafe methods.pointee.xShmUnmap = { file, _ in
            unsafe CrashFile.with(file) { disk, handle in
                disk.handles { $0.unlockSlots(handle, .max) }
                return SQLITE_OK
            }
        }
    }
}

import CSQLite
import PenstockTesting
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A disk in memory, as SQLite sees it: files that are opened, read, written, synced, locked and removed.
///
/// Every request answers with a result code of SQLite's.
final class SimulatedDisk: Sendable {
    private struct State {
        var content: DiskContent
        var handles = FileHandles()
        var chance: SeededGenerator
        var fault: DiskFault?
        /// How many operations the fault has counted.
        var counted = 0
        var counts: [DiskOperation: Int] = [:]
        var isStopped = false
        /// `nil` when nobody wants to know.
        var events: [DiskEvent]?
        var afterChange: (@Sendable () -> Void)?

        /// Counts an operation.
        /// - Returns: how it fails; `nil` when it does not.
        mutating func begin(_ operation: DiskOperation) -> DiskFault.Effect? {
            self.counts[operation, default: 0] += 1
            guard let fault = self.fault, fault.operations.contains(operation) else { return nil }
            self.counted += 1
            guard fault.strikes(self.counted) else { return nil }
            if fault.effect == .stop { self.isStopped = true }
            return fault.effect
        }

        mutating func note(_ operation: DiskOperation, _ file: String, _ offset: Int = 0, _ bytes: [UInt8] = []) {
            guard self.events != nil else { return }
            let bytes = DiskEvent.withoutChance(bytes, file: file, offset: offset)
            self.events?.append(DiskEvent(operation: operation, file: file, offset: offset, bytes: bytes))
        }
    }

    private let state: Mutex<State>

    /// Whether a sync does what it says.
    private let honorsSyncs: Bool

    /// The number of its directory in the file system.
    private let directory = CrashFileSystem.nextDirectory()

    init(_ content: DiskContent = DiskContent(), _ settings: CrashDisk.Settings = CrashDisk.Settings()) {
        let chance = SeededGenerator(seed: settings.seed)
        self.state = Mutex(State(content: content, chance: chance, events: settings.recordsEvents ? [] : nil))
        self.honorsSyncs = settings.honorsSyncs
        CrashFileSystem.mount(self, as: self.directory)
    }

    deinit {
        CrashFileSystem.unmount(self.directory)
        self.state.withLock { $0.handles.freeMemory() }
    }

    // MARK: For whoever made it

    /// The path of one of its files, for SQLite.
    func path(of name: String) -> String { CrashFileSystem.path(self.directory, name) }

    var content: DiskContent { self.state.withLock { $0.content } }
    var isStopped: Bool { self.state.withLock { $0.isStopped } }
    var events: [DiskEvent] { self.state.withLock { $0.events ?? [] } }

    func count(_ operations: Set<DiskOperation>) -> Int {
        self.state.withLock { state in operations.reduce(0) { $0 + state.counts[$1, default: 0] } }
    }

    func setFault(_ fault: DiskFault?) {
        self.state.withLock { ($0.fault, $0.counted) = (fault, 0) }
    }

    func afterEveryChange(_ body: (@Sendable () -> Void)?) {
        self.state.withLock { $0.afterChange = body }
    }

    /// Does what changes something, and tells whoever wants to know.
    private func change(_ body: (inout State) -> Int32) -> Int32 {
        let (code, afterChange) = self.state.withLock { state in
            let code = body(&state)
            return (code, state.isStopped ? nil : state.afterChange)
        }
        afterChange?()
        return code
    }

    /// Everything that comes from now on fails.
    func stop() {
        self.state.withLock { $0.isStopped = true }
    }

    func make(_ name: String) {
        self.state.withLock { state in
            if state.content.names[name] == nil { _ = state.content.make(name) }
        }
    }

    // MARK: Files by name

    /// - Returns: the number of the handle; `nil` when there is no such file, or nothing works any more.
    func open(_ name: String, mayMake: Bool, isTemporary: Bool) -> Int? {
        self.state.withLock { state in
            guard !state.isStopped else { return nil }
            let there = state.content.names[name]
            guard there != nil || mayMake else { return nil }
            let file = there ?? state.content.make(name)
            return state.handles.open(file, name, mayMake: mayMake, isTemporary: isTemporary)
        }
    }

    func close(_ handle: Int) {
        self.state.withLock { state in
            guard let closed = state.handles.close(handle), closed.isTemporary else { return }
            state.content.remove(closed.name)
        }
    }

    func isThere(_ name: String) -> Bool? {
        self.state.withLock { $0.isStopped ? nil : $0.content.names[name] != nil }
    }

    func remove(_ name: String, syncsNames: Bool) -> Int32 {
        self.change { state in
            guard !state.isStopped else { return DiskCode.remove }
            guard state.content.names[name] != nil else { return DiskCode.removeMissing }
            let effect = state.begin(.remove)
            guard effect == nil || effect == .stop else { return DiskCode.remove }
            state.content.remove(name)
            state.note(.remove, name)
            if effect == .stop { return DiskCode.remove }
            if syncsNames { state.content.syncNames() }
            return SQLITE_OK
        }
    }

    // MARK: Open files

    /// Copies what a process reads; what is not there reads as zeros.
    func read(_ handle: Int, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int32 {
        self.state.withLock { state in
            guard !state.isStopped, let file = state.handles[handle]?.file else { return DiskCode.read }
            guard state.begin(.read) == nil else { return DiskCode.read }
            let count = max(0, min(buffer.count, state.content.bytes(of: file) - offset))
            if count > 0, let bytes = state.content.files[file]?.cached {
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
                }
            }
            guard count < buffer.count else { return SQLITE_OK }
            if let start = buffer.baseAddress { unsafe memset(start + count, 0, buffer.count - count) }
            return DiskCode.shortRead
        }
    }

    func write(_ handle: Int, _ buffer: UnsafeRawBufferPointer, at offset: Int) -> Int32 {
        let bytes = unsafe [UInt8](buffer)
        return self.change { state in
            guard !state.isStopped, let open = state.handles[handle] else { return DiskCode.write }
            switch state.begin(.write) {
            case let effect where effect == nil || effect == .stop:
                state.content.change(open.file, .write(offset: offset, bytes))
                state.note(.write, open.name, offset, bytes)
                return effect == nil ? SQLITE_OK : DiskCode.write
            case let effect:
                state.content.change(open.file, .write(offset: offset, Array(bytes.prefix(bytes.count / 2))))
                return effect == .full ? SQLITE_FULL : DiskCode.write
            }
        }
    }

    func truncate(_ handle: Int, to size: Int) -> Int32 {
        self.change { state in
            guard !state.isStopped, let open = state.handles[handle] else { return DiskCode.truncate }
            let effect = state.begin(.truncate)
            guard effect == nil || effect == .stop else { return DiskCode.truncate }
            state.content.change(open.file, .truncate(size: size))
            state.note(.truncate, open.name, size)
            return effect == nil ? SQLITE_OK : DiskCode.truncate
        }
    }

    /// Makes a file durable, and with a log or journal that may be new the names in its directory, as SQLite's own file
    /// system does.
    func sync(_ handle: Int) -> Int32 {
        self.change { state in
            guard !state.isStopped, let open = state.handles[handle] else { return DiskCode.sync }
            switch state.begin(.sync) {
            case nil:
                state.note(.sync, open.name)
                guard self.honorsSyncs else { return SQLITE_OK }
                state.content.sync(open.file)
                if open.syncsNames { state.content.syncNames() }
                state.handles.synced(handle)
                return SQLITE_OK
            case .stop: return DiskCode.sync
            default:
                state.content.failToSync(open.file, &state.chance)
                return DiskCode.sync
            }
        }
    }

    func size(_ handle: Int) -> Int? {
        self.state.withLock { state in
            guard !state.isStopped, let file = state.handles[handle]?.file else { return nil }
            return state.content.bytes(of: file)
        }
    }

    // MARK: Locks and shared memory

    /// Does something with the locks and the shared memory of the process, for which no disk is needed.
    func handles<Result: Sendable>(_ body: (inout FileHandles) -> Result) -> Result {
        self.state.withLock { body(&$0.handles) }
    }
}

/// The result codes of SQLite's for what a disk refuses, which its header has as macros of macros.
enum DiskCode {
    static let read = SQLITE_IOERR | (1 << 8)
    static let shortRead = SQLITE_IOERR | (2 << 8)
    static let write = SQLITE_IOERR | (3 << 8)
    static let sync = SQLITE_IOERR | (4 << 8)
    static let truncate = SQLITE_IOERR | (6 << 8)
    static let size = SQLITE_IOERR | (7 << 8)
    static let remove = SQLITE_IOERR | (10 << 8)
    static let access = SQLITE_IOERR | (13 << 8)
    static let removeMissing = SQLITE_IOERR | (23 << 8)
}

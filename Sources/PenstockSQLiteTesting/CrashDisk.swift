public import Penstock
public import PenstockSQLite
import PenstockTesting
import Synchronization

/// A disk in memory that holds a store in SQLite, and that fails when and how it is told to.
///
/// It is real SQLite over simulated files. Nothing of it is on the machine's own disk, any number of them live in one
/// process, and a store on one does its work in tasks of its environment's scheduler: in a simulation a seed determines
/// all of it.
///
/// ```swift
/// let disk = CrashDisk()
/// disk.setFault(.stop(at: 100))
/// let store = try await disk.open(environment)
/// …                                              // until everything fails
/// let after = disk.afterPowerFailure(seed: 7)    // one of the disks that may be left
/// let again = try await after.open(environment)
/// ```
public final class CrashDisk: Sendable {
    /// What a disk is like, and the store on it.
    public struct Settings: Sendable, Hashable {
        /// What an acknowledged transaction of the store survives.
        public var durability = SQLiteOptions.Durability.full
        /// How many frames the store's log has before an idle moment is used to copy them into the database; with four
        /// times as many it is done at once.
        public var checkpointFrames = 4000
        /// The bytes to which the store lengthens a new log.
        ///
        /// A store in a file uses 4 MB, which is a thousand writes before anything has happened.
        public var logBytes = 0
        /// Whether a sync makes anything durable; otherwise it only says so, as it does under `synchronous = OFF`.
        ///
        /// A test that finds nothing wrong on such a disk would find nothing anywhere.
        public var honorsSyncs = true
        /// Whether what happens is written down, to be read in ``CrashDisk/events``.
        public var recordsEvents = false
        /// Determines what a disk does by chance: what of the writes before a failed sync has arrived.
        public var seed: UInt64 = 0

        /// Makes the settings of a disk that is used as it mostly is in production.
        public init() {}
    }

    /// What the disk and the store on it are like.
    public let settings: Settings

    private let disk: SimulatedDisk
    /// What the store is working on.
    let claims: DiskClaims
    /// How many connections a store has, and one more until nothing is left to be done after them; 0 when none is open.
    private let connections = Atomic(0)

    /// The name of the database on the disk.
    private static let database = "app.db"

    /// Makes an empty disk.
    public convenience init(_ settings: Settings = Settings()) {
        self.init(DiskContent(), settings, DiskClaims())
    }

    private init(_ content: DiskContent, _ settings: Settings, _ claims: DiskClaims) {
        self.disk = SimulatedDisk(content, settings)
        self.settings = settings
        self.claims = claims
    }

    // MARK: The store

    /// Opens the store that is on the disk, or a new one.
    ///
    /// - Throws: `PenstockError.Code.storeOwned` when it is open; what SQLite's errors mean when the disk
    ///   fails.
    public func open(_ environment: RuntimeEnvironment) async throws(PenstockError) -> any Store {
        guard self.connections.compareExchange(expected: 0, desired: 3, ordering: .relaxed).exchanged else {
            throw PenstockError(.storeOwned, "the store on this disk is open: close it first")
        }
        do throws(PenstockError) {
            let (writer, reader) = try self.runners(environment)
            do throws(PenstockError) {
                return try await EmbeddedStore(
                    environment: environment,
                    writer: writer,
                    reader: reader,
                    ledger: self.claims
                )
            } catch {
                await writer.stop()
                await reader.stop()
                throw error
            }
        } catch {
            self.connections.store(0, ordering: .relaxed)
            throw error
        }
    }

    private func runners(_ environment: RuntimeEnvironment) throws(PenstockError) -> (TaskRunner, TaskRunner) {
        let report = environment.report ?? { _ in }
        let writer = try self.openWriter(report)
        let reader: SQLiteTable
        do throws(PenstockError) {
            reader = try self.openReader(report)
        } catch {
            writer.close()
            throw error
        }
        return (
            TaskRunner(writer, environment) { self.connectionClosed() },
            TaskRunner(reader, environment) { self.connectionClosed() }
        )
    }

    /// Opens the connection of a store that writes.
    func openWriter(_ report: @escaping @Sendable (Notice) -> Void) throws(PenstockError) -> sending SQLiteTable {
        self.disk.make(Self.database)
        return try SQLiteTable(writing: self.file, options: self.options, after: self.claims, report: report)
    }

    /// Opens the connection of a store that reads.
    func openReader(_ report: @escaping @Sendable (Notice) -> Void) throws(PenstockError) -> sending SQLiteTable {
        try SQLiteTable(reading: self.file, report: report)
    }

    private func connectionClosed() {
        guard self.connections.subtract(1, ordering: .acquiringAndReleasing).newValue == 1 else { return }
        self.tablesClosed()
        self.connections.store(0, ordering: .releasing)
    }

    /// With the last connection goes what SQLite keeps beside the database.
    func tablesClosed() {
        self.file.removeLog()
        self.claims.end()
    }

    /// Every row of the store that is on the disk, which nobody has open; none when there is no store yet.
    var content: [ItemID: ItemRecord] {
        get throws(PenstockError) {
            guard self.disk.isThere(Self.database) == true else { return [:] }
            let table = try self.openReader { _ in }
            defer { table.close() }
            return try table.content
        }
    }

    private var options: SQLiteOptions {
        var options = SQLiteOptions(durability: self.settings.durability)
        options.idleFrames = self.settings.checkpointFrames
        options.logBytes = self.settings.logBytes
        return options
    }

    private var file: DatabaseFile { DatabaseFile(self.path, in: Self.fileSystem) }

    /// Looks through the whole database for damage, as `SQLiteStore.verify(path:)` does with a file.
    /// - Throws: `PenstockError.Code.storeUnusable` when it is not a store at all.
    public func verify() throws(PenstockError) -> SQLiteInspection {
        guard self.disk.isThere(Self.database) == true else {
            throw PenstockError(.storeUnusable, "the disk is empty, or has stopped: open a store on it first")
        }
        return try SQLiteInspection(of: self.file)
    }

    /// The path of the database, for a SQLite connection of your own in ``fileSystem``.
    public var path: String { self.disk.path(of: Self.database) }

    /// The name of the file system, which SQLite calls a VFS, in which the paths of all disks lead to their files.
    ///
    /// It is for threads that take turns: nobody who waits for a lock of SQLite's is made to wait.
    public static let fileSystem = CrashFileSystem.name

    // MARK: What goes wrong

    /// Sets what is to go wrong, counting from now; `nil` is nothing any more.
    public func setFault(_ fault: DiskFault?) {
        self.disk.setFault(fault)
    }

    /// Lets everything fail from now on, as it is when the machine is off, or for a process that is dead.
    public func stop() {
        self.disk.stop()
    }

    /// Whether the disk has stopped.
    public var isStopped: Bool { self.disk.isStopped }

    /// How many operations of these kinds there were, those that failed included.
    public func count(of operations: Set<DiskOperation> = DiskOperation.changes) -> Int {
        self.disk.count(operations)
    }

    /// What has happened to the files so far, if ``Settings/recordsEvents`` says that it be written down.
    public var events: [DiskEvent] { self.disk.events }

    /// Calls `body` after every write, sync, truncation and removal, until the disk stops; also after those that fail.
    ///
    /// The store waits meanwhile, so `body` must not use it.
    public func afterEveryChange(_ body: (@Sendable () -> Void)?) {
        self.disk.afterEveryChange(body)
    }

    // MARK: What is left

    /// Stops the disk, and returns one of the disks that may be left when the power fails now.
    ///
    /// What was synced is there. Of the writes, truncations and removals since then any may have happened, in sectors
    /// of 512 bytes and in any order. Nobody is charged for what was at work.
    public func afterPowerFailure(seed: UInt64) -> CrashDisk {
        self.stop()
        return self.image(seed: seed)
    }

    /// One of the disks that ``afterPowerFailure(seed:)`` may return, while this one goes on.
    public func image(seed: UInt64) -> CrashDisk {
        var chance = SeededGenerator(seed: seed)
        return CrashDisk(self.disk.content.afterPowerFailure(&chance), self.settings, DiskClaims())
    }

    /// Stops the disk, and returns it as the next process finds it when this one is killed now.
    ///
    /// Everything that was written is there, though not all of it is durable; and what was at work is charged an
    /// attempt.
    public func afterKill() -> CrashDisk {
        self.stop()
        return CrashDisk(self.disk.content, self.settings, DiskClaims(copying: self.claims))
    }

    /// Another disk with the same content, while this one goes on.
    public func copy() -> CrashDisk {
        CrashDisk(self.disk.content, self.settings, DiskClaims(copying: self.claims))
    }

    /// Another disk with the same content, on which the store's write-ahead log ends after `bytes` bytes.
    public func cuttingLog(to bytes: Int) -> CrashDisk {
        CrashDisk(self.disk.content.cutting("\(Self.database)-wal", to: bytes), self.settings, DiskClaims())
    }
}

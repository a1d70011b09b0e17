public import Penstock
import Synchronization

/// A disk in memory: what a store over it has committed is there when another store is opened over it.
///
/// Whatever a store keeps in its own memory is gone with it, as it is with a process: leases, waits, what is ready. The
/// disk can also be told to fail.
public final class MemoryDisk: Sendable {
    private let runner: DiskRunner

    /// Makes an empty disk.
    public init() {
        self.runner = DiskRunner()
    }

    /// Makes a disk that has some rows.
    package init(content: [ItemID: ItemRecord]) {
        self.runner = DiskRunner(content: content)
    }

    /// Opens a store over what the disk has.
    public func open(_ environment: RuntimeEnvironment) async throws -> any Store {
        self.runner.tables.withLock { $0.epoch += 1 }
        return try await EmbeddedStore(environment: environment, writer: self.runner, reader: self.runner)
    }

    /// Whether commits fail from now on, with nothing done.
    public var failsCommits: Bool {
        get { self.runner.tables.withLock { $0.failsCommits } }
        set { self.runner.tables.withLock { $0.failsCommits = newValue } }
    }

    /// What commits that fail say.
    package var failure: PenstockError.Code {
        get { self.runner.tables.withLock { $0.failure } }
        set { self.runner.tables.withLock { $0.failure = newValue } }
    }

    /// Whether reads fail from now on.
    public var failsReads: Bool {
        get { self.runner.tables.withLock { $0.failsReads } }
        set { self.runner.tables.withLock { $0.failsReads = newValue } }
    }

    /// Makes the calls of the table with these numbers fail, counted from 1 over all its methods.
    ///
    /// A call that changes rows fails when it has changed them, so that there is something to undo.
    public func fail(_ calls: Range<Int>) {
        self.runner.tables.withLock { $0.failing = calls }
    }

    /// How many calls of the table have failed because they were told to by number.
    public var failures: Int { self.runner.tables.withLock { $0.failures } }

    /// Calls `body` in the middle of every commit, when the rows are written and nobody has been told; also in those
    /// that are going to fail.
    public func duringCommits(_ body: (@Sendable () -> Void)?) {
        self.runner.tables.withLock { $0.duringCommit = body }
    }
}

/// Disks by name: each name that is new is an empty disk.
public final class MemoryDisks: Sendable {
    private let disks = Mutex<[String: MemoryDisk]>([:])

    /// Makes an empty set of disks.
    public init() {}

    /// The disk of that name.
    public subscript(name: String) -> MemoryDisk {
        self.disks.withLock { disks in
            if let disk = disks[name] { return disk }
            let disk = MemoryDisk()
            disks[name] = disk
            return disk
        }
    }
}

/// Runs jobs over the disk's table, on the thread that brings them.
final class DiskRunner: TableRunner {
    let tables: Mutex<DiskTable>

    init(content: [ItemID: ItemRecord] = [:]) {
        self.tables = Mutex(DiskTable(content: content))
    }

    func post(_ job: @escaping @Sendable (DiskTable) -> Void) -> Bool {
        self.tables.withLock { job($0) }
        return true
    }

    func stop() async {}
}

/// A table in memory that counts how often it was opened, and fails when it is told to.
final class DiskTable: ItemTable {
    var epoch: Int64 = 0
    var failsCommits = false
    var failsReads = false
    var failure = PenstockError.Code.storeUnavailable
    var duringCommit: (@Sendable () -> Void)?

    private let rows: MemoryTable

    init(content: [ItemID: ItemRecord]) {
        self.rows = MemoryTable(content: content)
    }

    /// The numbers of the calls that fail, how many calls there were, and how many of them have failed.
    var failing = 0..<0
    private var calls = 0
    private(set) var failures = 0

    /// Counts a call, and fails if it is one that is to fail.
    private func count() throws(PenstockError) {
        self.calls += 1
        guard self.failing.contains(self.calls) else { return }
        self.failures += 1
        throw PenstockError(.storeUnavailable, "the disk was told to fail at call \(self.calls) of its table")
    }

    private func checkReads() throws(PenstockError) {
        try self.count()
        if self.failsReads { throw PenstockError(.storeUnavailable, "the disk was told to fail its reads") }
    }

    func nextNumber() throws(PenstockError) -> Int64 {
        try self.count()
        return try self.rows.nextNumber()
    }

    func begin() throws(PenstockError) {
        try self.rows.begin()
        try self.count()
    }

    func commit() throws(PenstockError) {
        try self.count()
        self.duringCommit?()
        if self.failsCommits { throw PenstockError(self.failure, "the disk was told to fail its commits") }
        try self.rows.commit()
    }

    func rollback() { self.rows.rollback() }

    func savepoint() throws(PenstockError) {
        try self.rows.savepoint()
        try self.count()
    }

    func rollbackToSavepoint() throws(PenstockError) {
        try self.count()
        try self.rows.rollbackToSavepoint()
    }

    func releaseSavepoint() throws(PenstockError) {
        try self.rows.releaseSavepoint()
        try self.count()
    }

    func insert(_ record: ItemRecord) throws(PenstockError) -> Bool {
        let isNew = try self.rows.insert(record)
        try self.count()
        return isNew
    }

    func update(_ id: ItemID, expecting expected: StateSet, _ change: RowChange) throws(PenstockError) -> Bool {
        let isThere = try self.rows.update(id, expecting: expected, change)
        try self.count()
        return isThere
    }

    func rewrite(_ record: ItemRecord) throws(PenstockError) {
        try self.rows.rewrite(record)
        try self.count()
    }

    func delete(_ id: ItemID) throws(PenstockError) {
        try self.rows.delete(id)
        try self.count()
    }

    func item(_ id: ItemID) throws(PenstockError) -> ItemRecord? {
        try self.checkReads()
        return try self.rows.item(id)
    }

    func item(queue: String, key: String) throws(PenstockError) -> ItemRecord? {
        try self.checkReads()
        return try self.rows.item(queue: queue, key: key)
    }

    func items(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        try self.checkReads()
        return try self.rows.items(query)
    }

    func lanes() throws(PenstockError) -> [LaneCount] {
        try self.count()
        return try self.rows.lanes()
    }

    func ready(
        queue: String,
        priority: Int,
        after horizon: LanePosition?,
        limit: Int
    ) throws(PenstockError) -> [ItemRecord] {
        try self.checkReads()
        return try self.rows.ready(queue: queue, priority: priority, after: horizon, limit: limit)
    }

    func parked() throws(PenstockError) -> [String: Int] {
        try self.count()
        return try self.rows.parked()
    }

    func perform(_ work: any StoreWork) throws(PenstockError) {
        try self.count()
        try self.rows.perform(work)
    }
}

import Penstock

/// The rows of a simulated disk, as one connection of a process has them: it ends with its process.
final class SimulatedTable: ItemTable {
    let epoch: Int64
    private let disk: SimulatedDisk
    private let connection: DiskConnection
    private let process: SimulatedProcess
    private let history: SimulatedHistory

    init(
        _ connection: DiskConnection,
        to disk: SimulatedDisk,
        epoch: Int64,
        of process: SimulatedProcess,
        _ history: SimulatedHistory
    ) {
        self.epoch = epoch
        self.disk = disk
        self.connection = connection
        self.process = process
        self.history = history
    }

    private func rows<Result: Sendable>(
        _ mishap: DiskMishap? = nil,
        _ body: (any DiskRows) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        try self.disk.use(self.connection, of: self.process, mishap, body)
    }

    private func read<Result: Sendable>(
        _ what: @autoclosure () -> String,
        _ body: (any DiskRows) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        try self.rows(self.disk.mishap(of: self.process, whileReading: what()), body)
    }

    private func note(_ id: ItemID, _ change: UInt64) {
        self.process.note(UInt64(bitPattern: id.root &* 31 &+ id.run) &+ UInt64(id.step) << 40)
        self.process.note(change)
    }

    // MARK: Groups

    func begin() throws(PenstockError) {
        try self.rows { rows throws(PenstockError) in try rows.begin() }
    }

    func commit() throws(PenstockError) {
        try self.rows(self.disk.mishap(of: self.process, "commits")) { rows throws(PenstockError) in
            try rows.commit()
        }
    }

    func rollback() {
        do throws(PenstockError) {
            try self.rows { rows throws(PenstockError) in rows.rollback() }
        } catch {
            // A process that has died leaves the group to whoever opens the disk next; that finds nothing of it.
        }
    }

    func savepoint() throws(PenstockError) {
        try self.rows { rows throws(PenstockError) in try rows.savepoint() }
    }

    func rollbackToSavepoint() throws(PenstockError) {
        try self.rows { rows throws(PenstockError) in try rows.rollbackToSavepoint() }
    }

    func releaseSavepoint() throws(PenstockError) {
        try self.rows { rows throws(PenstockError) in try rows.releaseSavepoint() }
    }

    // MARK: Writing

    func nextNumber() throws(PenstockError) -> Int64 {
        try self.rows { rows throws(PenstockError) in try rows.nextNumber() }
    }

    func insert(_ record: ItemRecord) throws(PenstockError) -> Bool {
        self.note(record.id, record.digest)
        return try self.rows { rows throws(PenstockError) in try rows.insert(record) }
    }

    func update(_ id: ItemID, expecting expected: StateSet, _ change: RowChange) throws(PenstockError) -> Bool {
        self.note(id, UInt64(bitPattern: change.token) ^ (change.result?.digest ?? 0))
        return try self.rows { rows throws(PenstockError) in try rows.update(id, expecting: expected, change) }
    }

    func rewrite(_ record: ItemRecord) throws(PenstockError) {
        self.note(record.id, record.digest)
        try self.rows { rows throws(PenstockError) in try rows.rewrite(record) }
    }

    func delete(_ id: ItemID) throws(PenstockError) {
        self.note(id, 0)
        try self.rows { rows throws(PenstockError) in
            try rows.delete(id)
            self.history.deleted(id)
        }
    }

    func perform(_ work: any StoreWork) throws(PenstockError) {
        try self.rows { rows throws(PenstockError) in try rows.perform(work) }
    }

    // MARK: Reading

    func item(_ id: ItemID) throws(PenstockError) -> ItemRecord? {
        try self.read(id.key) { rows throws(PenstockError) in try rows.item(id) }
    }

    func item(queue: String, key: String) throws(PenstockError) -> ItemRecord? {
        try self.read("'\(key)' of '\(queue)'") { rows throws(PenstockError) in try rows.item(queue: queue, key: key) }
    }

    func items(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        try self.read("\(query.scope)") { rows throws(PenstockError) in try rows.items(query) }
    }

    func ready(
        queue: String,
        priority: Int,
        after horizon: LanePosition?,
        limit: Int
    ) throws(PenstockError) -> [ItemRecord] {
        try self.read("what is ready in '\(queue)'") { rows throws(PenstockError) in
            try rows.ready(queue: queue, priority: priority, after: horizon, limit: limit)
        }
    }

    func lanes() throws(PenstockError) -> [LaneCount] {
        try self.rows { rows throws(PenstockError) in try rows.lanes() }
    }

    func parked() throws(PenstockError) -> [String: Int] {
        try self.rows { rows throws(PenstockError) in try rows.parked() }
    }

    func uncheckedItem(_ reference: ItemReference) throws(PenstockError) -> ItemRecord? {
        try self.read("a row as it stands") { rows throws(PenstockError) in try rows.uncheckedItem(reference) }
    }

    // MARK: Idle moments and the end

    /// Uses an idle moment.
    func rest() {
        do throws(PenstockError) {
            let isDue = try self.rows { rows throws(PenstockError) in rows.wantsCheckpoint }
            guard isDue else { return }
            try self.rows(self.disk.mishap(of: self.process, "tidies up")) { rows throws(PenstockError) in
                rows.checkpoint()
            }
        } catch {
            // The process has died, and has no idle moments any more.
        }
    }

    /// Lets go of the disk.
    func close() {
        self.disk.close(self.connection, of: self.process)
    }
}

import Penstock

/// The rows of a simulated disk, as one process has them open: it fails as disks do, and ends with its process.
final class SimulatedTable: ItemTable {
    let epoch: Int64
    private let disk: SimulatedDisk
    private let process: SimulatedProcess
    private let dice: FaultDice

    init(on disk: SimulatedDisk, epoch: Int64, for process: SimulatedProcess, _ dice: FaultDice) {
        self.epoch = epoch
        self.disk = disk
        self.process = process
        self.dice = dice
    }

    static let dead = PenstockError(.storeClosed, "the process has died")

    private func rows<Result: Sendable>(
        _ body: (MemoryTable) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        guard self.process.isAlive else { throw Self.dead }
        return try self.disk.withState { state throws(PenstockError) in try body(state.rows) }
    }

    private func read<Result: Sendable>(
        _ what: @autoclosure () -> String,
        _ body: (MemoryTable) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        if self.process.isAlive, self.dice.strikes(.readError, "\(self.process.name) reads \(what())") {
            throw PenstockError(.storeUnavailable, "the disk has failed to read")
        }
        return try self.rows(body)
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
        if self.dice.strikes(.diskError, "\(self.process.name) commits") {
            throw PenstockError(.storeUnavailable, "the disk has failed to write")
        }
        let dies = self.dice.strikes(.crashInCommit, self.process.name)
        let isLate = dies && self.dice.draw(.crashInCommit, below: 2) == 0
        if dies, !isLate {
            self.rollback()
            self.process.die()
        }
        try self.rows { rows throws(PenstockError) in try rows.commit() }
        if isLate { self.process.die() }
        guard self.process.isAlive else { throw Self.dead }
    }

    func rollback() {
        // A process that has died leaves the group to whoever opens the disk next; that finds nothing of it.
        self.disk.withState { $0.rows.rollback() }
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
        guard self.process.isAlive else { throw Self.dead }
        try self.disk.withState { state throws(PenstockError) in
            try state.rows.delete(id)
            // One that is rolled back after all is found among the rows.
            state.deleted.insert(id)
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
}

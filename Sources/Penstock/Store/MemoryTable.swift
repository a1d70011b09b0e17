/// Rows in memory.
public final class MemoryTable: ItemTable {
    /// Always 1: a table in memory is opened once.
    public let epoch: Int64 = 1

    private var rows: [ItemID: ItemRecord] = [:]
    private var keys: [QueueKey: ItemID] = [:]
    /// The steps of each run, in order.
    private var journals: [JournalKey: [Int]] = [:]
    private var lastNumber: Int64 = 0
    /// How to undo what was done since the group began: the rows as they were.
    private var undo: [(id: ItemID, before: ItemRecord?)] = []
    private var mark = 0

    /// Keys are compared byte by byte, as databases do: to Swift, texts are equal that Unicode calls equivalent.
    private struct QueueKey: Hashable {
        let queue: String
        let key: [UInt8]

        init(queue: String, key: String) {
            self.queue = queue
            self.key = Array(key.utf8)
        }
    }

    private struct JournalKey: Hashable {
        let root: Int64
        let run: Int64
    }

    package init(content: [ItemID: ItemRecord] = [:]) {
        for (id, record) in content { self.put(id, record) }
        self.lastNumber = content.values.map(\.number).max() ?? 0
    }

    /// Every row.
    package var content: [ItemID: ItemRecord] { self.rows }

    /// Returns the next number.
    public func nextNumber() throws(PenstockError) -> Int64 {
        self.lastNumber += 1
        return self.lastNumber
    }

    /// Begins a group of transactions.
    public func begin() throws(PenstockError) {
        self.undo = []
    }

    /// Keeps what the group did.
    public func commit() throws(PenstockError) {
        self.undo = []
    }

    /// Undoes the group.
    public func rollback() {
        self.undo(to: 0)
    }

    /// Marks a place inside the group.
    public func savepoint() throws(PenstockError) {
        self.mark = self.undo.count
    }

    /// Undoes everything since the mark.
    public func rollbackToSavepoint() throws(PenstockError) {
        self.undo(to: self.mark)
    }

    /// Keeps everything since the mark.
    public func releaseSavepoint() throws(PenstockError) {}

    private func undo(to count: Int) {
        while self.undo.count > count {
            let (id, before) = self.undo.removeLast()
            self.put(id, before)
        }
    }

    /// Sets a row, or removes it, and keeps the two lists of rows in step.
    private func put(_ id: ItemID, _ record: ItemRecord?) {
        let journal = JournalKey(root: id.root, run: id.run)
        if let old = self.rows[id], let key = old.chosenKey { self.keys[QueueKey(queue: old.queue, key: key)] = nil }
        let isNew = self.rows[id] == nil
        self.rows[id] = record
        if let record, let key = record.chosenKey { self.keys[QueueKey(queue: record.queue, key: key)] = id }
        guard !id.isRoot, isNew != (record == nil) else { return }
        if record == nil {
            self.journals[journal]?.removeAll { $0 == id.step }
            if self.journals[journal]?.isEmpty == true { self.journals[journal] = nil }
        } else {
            let steps = self.journals[journal, default: []]
            let place = steps.last.map { $0 < id.step } == false ? steps.firstIndex { $0 > id.step } : nil
            self.journals[journal, default: []].insert(id.step, at: place ?? steps.count)
        }
    }

    private func change(_ id: ItemID, to record: ItemRecord?) {
        self.undo.append((id, self.rows[id]))
        self.put(id, record)
    }

    /// Adds a row.
    public func insert(_ record: ItemRecord) throws(PenstockError) -> Bool {
        guard self.rows[record.id] == nil else { return false }
        self.change(record.id, to: record)
        return true
    }

    /// Changes a row that is in one of the states `expected`.
    public func update(
        _ id: ItemID,
        expecting expected: StateSet,
        _ change: RowChange
    ) throws(PenstockError) -> Bool {
        guard var record = self.rows[id], expected.contains(StateSet(record.state)) else { return false }
        record.state = change.state
        record.due = change.due
        record.attempt = change.attempt
        record.token = change.token
        record.settled = change.settled
        record.result = change.result
        self.change(id, to: record)
        return true
    }

    /// Replaces the argument of a row.
    public func rewrite(_ record: ItemRecord) throws(PenstockError) {
        guard var row = self.rows[record.id] else { return }
        (row.payload, row.digest) = (record.payload, record.digest)
        self.change(record.id, to: row)
    }

    /// Removes one row.
    public func delete(_ id: ItemID) throws(PenstockError) {
        self.change(id, to: nil)
    }

    /// Reads one row.
    public func item(_ id: ItemID) throws(PenstockError) -> ItemRecord? { self.rows[id] }

    /// Reads the root row with a key.
    public func item(queue: String, key: String) throws(PenstockError) -> ItemRecord? {
        self.keys[QueueKey(queue: queue, key: key)].flatMap { self.rows[$0] }
    }

    /// Reads a page of rows.
    ///
    /// The cost grows with the table, which is meant for tests.
    public func items(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        let found: [ItemRecord]
        switch query.scope {
        case .journal(let root, let run):
            let steps = self.journals[JournalKey(root: root, run: run)] ?? []
            let after = query.after?.id.step ?? 0
            found = steps.lazy.filter { $0 > after }.compactMap {
                self.rows[ItemID(root: root, run: run, step: $0)]
            }
        case .waiting(let queue):
            found = self.rows.values.filter { $0.queue == queue && !$0.state.isSettled }.sorted(by: Self.inLaneOrder)
                .filter { record in query.after.map { Self.inLaneOrder($0, record) } ?? true }
        case .roots(let queue):
            found = self.rows.values.filter { $0.id.isRoot && (queue == nil || $0.queue == queue) }
                .sorted { $0.number > $1.number }
                .filter { record in query.after.map { record.number < $0.number } ?? true }
        }
        return Array(found.lazy.filter { query.states.isEmpty || query.states.contains($0.state) }.prefix(query.limit))
    }

    private static func inLaneOrder(_ left: ItemRecord, _ right: ItemRecord) -> Bool {
        guard left.priority == right.priority else { return left.priority > right.priority }
        return LanePosition(due: left.due, number: left.number) < LanePosition(due: right.due, number: right.number)
    }

    /// Lists the lanes that have ready rows.
    public func lanes() throws(PenstockError) -> [LaneCount] {
        var counts: [LaneCount: Int] = [:]
        for row in self.rows.values where row.state == .ready {
            counts[LaneCount(queue: row.queue, priority: row.priority, count: 0), default: 0] += 1
        }
        return counts.map { LaneCount(queue: $0.key.queue, priority: $0.key.priority, count: $0.value) }
    }

    /// Reads ready rows of one lane in order.
    public func ready(
        queue: String,
        priority: Int,
        after horizon: LanePosition?,
        limit: Int
    ) throws(PenstockError) -> [ItemRecord] {
        let found = self.rows.values.filter { row in
            row.queue == queue && row.priority == priority && row.state == .ready
                && (horizon.map { LanePosition(due: row.due, number: row.number) >= $0 } ?? true)
        }
        return Array(found.sorted(by: Self.inLaneOrder).prefix(limit))
    }

    /// Counts the parked and diverged rows of every queue.
    public func parked() throws(PenstockError) -> [String: Int] {
        self.rows.values.reduce(into: [:]) { counts, row in
            if row.state == .parked || row.state == .diverged { counts[row.queue, default: 0] += 1 }
        }
    }

    /// Refuses: a table in memory knows no foreign work.
    public func perform(_ work: any StoreWork) throws(PenstockError) {
        throw PenstockError(.unsupported, "a store in memory cannot do work of kind '\(work.kind)'")
    }
}

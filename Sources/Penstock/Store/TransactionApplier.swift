import Synchronization

/// What every operation means, written once for all stores that keep rows.
///
/// It applies the transactions of one group to a table, one after the other, and collects what those have to learn who
/// lease and wait, once the group is durable. Nothing here waits for anybody, and nothing is visible to others before
/// the group is committed.
package struct TransactionApplier {
    let table: any RowTable
    let leases: any LeaseBook
    /// The time of the group.
    package private(set) var now = Timestamp.distantPast
    /// Whether each transaction is kept apart, so that one that fails half-way can be undone on its own.
    private var isCareful = false
    /// Whether a transaction has failed half-way that was not kept apart: the group has to be undone and applied again.
    package private(set) var needsCare = false

    /// What those have to learn who lease and wait, in order.
    package private(set) var changes: [IndexChange] = []
    /// Items whose leases have ended, and runs that were woken, earlier in the group; the index does not know yet.
    private var ended: Set<ItemID> = []
    private var woken: Set<ItemID> = []
    /// Unsettled items that the group has added to a queue so far.
    private var added: [String: Int] = [:]
    /// Items that the current transaction has put out of reach of workers.
    private var withheld: [ItemID] = []
    /// Items that the group has.
    private var allWithheld: Set<ItemID> = []
    /// Queues in which items are ready again that were out of reach for a while.
    private var restored: Set<String> = []
    /// Whether the current transaction has added a step to a journal.
    var hasCalled = false

    package init(table: any RowTable, leases: any LeaseBook) {
        self.table = table
        self.leases = leases
    }

    /// Begins a group, and forgets the last one.
    package mutating func begin(at now: Timestamp, isCareful: Bool) {
        self.now = now
        self.isCareful = isCareful
        self.needsCare = false
        self.withheld = []
        self.allWithheld = []
        self.forgetChanges()
    }

    private mutating func forgetChanges() {
        // The next group will want as much room.
        self.changes.removeAll(keepingCapacity: true)
        self.ended.removeAll(keepingCapacity: true)
        self.woken.removeAll(keepingCapacity: true)
        self.added.removeAll(keepingCapacity: true)
    }

    /// Applies one transaction, all or none.
    ///
    /// Most transactions of one operation cannot fail half-way: the operation looks before it writes.
    package mutating func apply(_ transaction: Transaction) throws(PenstockError) -> Receipt {
        let mark = self.changes.count
        let writesInSteps =
            transaction.operations.count > 1 || transaction.operations.contains(where: \.writesInSteps)
        let isGuarded = writesInSteps && self.isCareful
        self.withheld = []
        self.hasCalled = false
        if isGuarded { try self.table.savepoint() }
        do {
            var ids: [ItemID?] = []
            var wasThere: [Bool] = []
            for operation in transaction.operations {
                let (id, found) = try self.apply(operation)
                ids.append(id)
                wasThere.append(found)
            }
            if isGuarded { try self.table.releaseSavepoint() }
            return Receipt(ids: ids, wasThere: wasThere)
        } catch {
            if isGuarded { try self.table.rollbackToSavepoint() }
            self.needsCare = writesInSteps && !self.isCareful
            self.forget(after: mark)
            guard error.code == .leaseLost, try self.isDone(transaction) else { throw error }
            return Receipt(
                ids: transaction.operations.map { _ in nil },
                wasThere: transaction.operations.map { _ in true }
            )
        }
    }

    /// Forgets what the index was to learn of a transaction that failed.
    private mutating func forget(after mark: Int) {
        self.restore(self.withheld)
        self.allWithheld.subtract(self.withheld)
        self.withheld = []
        guard self.changes.count > mark else { return }
        let kept = Array(self.changes[..<mark])
        self.forgetChanges()
        for change in kept { self.remember(change) }
    }

    /// Lets go of what the whole group had withheld, because the group could not be made durable.
    package mutating func abandon() {
        self.restore(Array(self.allWithheld))
    }

    private mutating func restore(_ ids: [ItemID]) {
        self.restored.formUnion(self.leases.restore(ids))
    }

    /// The queues whose readers ought to look again, because what was out of reach is ready after all.
    package mutating func takeRestored() -> [String] {
        defer { self.restored = [] }
        return self.restored.sorted()
    }

    private mutating func apply(_ operation: Operation) throws(PenstockError) -> (ItemID?, Bool) {
        switch operation {
        case .push(let item): return try self.push(item)
        case .call(let step): return (try self.call(step), false)
        case .settle(let lease, let settlement):
            try self.settle(lease, settlement)
            return (lease.id, false)
        case .resolve(let reference, let resolution): return (try self.resolve(reference, resolution), false)
        case .append(let queue, let key, let element):
            return (try self.append(element, queue: queue, key: key), false)
        case .pop(let reference): return (try self.pop(reference), false)
        case .clear(let queue):
            try self.clear(queue: queue)
            return (nil, false)
        case .abandon(let id):
            try self.abandon(id)
            return (id, false)
        case .control(let reference, let verb): return (try self.control(reference, verb), false)
        case .work(let work):
            try self.table.perform(work)
            return (nil, false)
        }
    }

    // MARK: What the operations are made of

    /// Notes what those have to learn who lease and wait.
    mutating func note(_ change: IndexChange) {
        self.remember(change)
        self.leases.note(change)
    }

    private mutating func remember(_ change: IndexChange) {
        if change.endsLease, change.from != nil { self.ended.insert(change.id) }
        if change.newsOf != nil { self.woken.insert(change.id) }
        if change.from == nil, change.to == .ready { self.added[change.queue, default: 0] += 1 }
        self.changes.append(change)
    }

    /// Puts an item out of reach of workers until the group is durable.
    mutating func withhold(_ record: ItemRecord) throws(PenstockError) {
        guard try self.keepFromWorkers(record) else {
            throw PenstockError(
                .conflict,
                "key '\(record.key)' in queue '\(record.queue)' is held by a worker: try again when it has ended"
            )
        }
    }

    /// Puts an item out of reach of workers until the group is durable, unless one holds it.
    /// - Returns: whether nobody does.
    @discardableResult
    mutating func keepFromWorkers(_ record: ItemRecord) throws(PenstockError) -> Bool {
        // A lease that the group has ended keeps everybody else away until that is durable.
        guard try self.leases.withhold(record) else { return self.ended.contains(record.id) }
        // What an earlier transaction of the group has withheld is not this one's to give back.
        if self.allWithheld.insert(record.id).inserted { self.withheld.append(record.id) }
        return true
    }

    /// How many unsettled items a queue has, the group's own included.
    func unsettled(in queue: String) throws(PenstockError) -> Int {
        try self.leases.unsettled(in: queue) + self.added[queue, default: 0]
    }

    /// The claim behind a lease, if it still holds.
    func hold(_ lease: LeaseReference) throws(PenstockError) -> Hold? {
        guard !self.ended.contains(lease.id), let hold = try self.leases.hold(on: lease.id) else { return nil }
        return hold.token == lease.token ? hold : nil
    }

    /// Whether there is a lease, and it holds.
    func isHeld(under lease: LeaseReference?) throws(PenstockError) -> Bool {
        guard let lease else { return false }
        return try self.hold(lease) != nil
    }

    /// Whether anybody holds the item.
    func isHeld(_ id: ItemID) throws(PenstockError) -> Bool {
        guard !self.ended.contains(id) else { return false }
        return try self.leases.hold(on: id) != nil
    }

    /// Whether a wake-up has come that the holder of a lease had not seen when it decided to park.
    func hasNews(_ id: ItemID, since news: Int, hold: Hold) -> Bool {
        self.woken.contains(id) || hold.news > news
    }

    /// A token for a change that is made without a lease.
    func freshToken(after record: ItemRecord) throws(PenstockError) -> Int64 {
        try self.leases.token(after: record)
    }

    /// Finds an item, or says which one is missing.
    func find(_ reference: ItemReference) throws(PenstockError) -> ItemRecord {
        let record =
            switch reference {
            case .id(let id): try self.table.item(id)
            case .key(let queue, let key): try self.table.find(queue: queue, key: key)
            }
        guard let record else { throw Self.missing(reference) }
        return record
    }

    /// Finds an item that is to be removed, which works for one that is damaged too.
    func findToRemove(_ reference: ItemReference) throws(PenstockError) -> ItemRecord {
        guard let record = try self.table.uncheckedItem(reference) else { throw Self.missing(reference) }
        return record
    }

    private static func missing(_ reference: ItemReference) -> PenstockError {
        switch reference {
        case .id(let id): PenstockError(.notFound, "there is no item \(id.key)")
        case .key(let queue, let key): PenstockError(.notFound, "there is no key '\(key)' in queue '\(queue)'")
        }
    }

    /// Whether a transaction whose lease is gone was applied before: a hand-in whose answer was lost.
    ///
    /// Nobody but the holder of a lease writes its token into a row, so a row that has the token and the content was
    /// written by this transaction. A message that was consumed has left no row, and its lease counts as lost.
    private func isDone(_ transaction: Transaction) throws(PenstockError) -> Bool {
        for operation in transaction.operations {
            guard case .settle(let lease, let settlement) = operation else { continue }
            if settlement.isWait {
                if try self.hold(lease) != nil, try self.hasSteps(of: transaction) { return true }
                continue
            }
            guard lease.token > 0, let record = try self.table.item(lease.id), record.token == lease.token else {
                continue
            }
            switch settlement {
            case .complete(let result, _): return record.state == .completed && record.result == result
            case .fail(let failure, _): return record.state == .failed && record.failure == failure
            case .retry(_, let failure): return record.state == .ready && record.failure == failure
            case .release:
                guard record.state == .ready, record.result == nil else { return false }
                return try self.hold(lease) == nil
            case .diverge(let report): return record.state == .diverged && record.failure == report
            case .consume, .park, .rest: continue
            }
        }
        return false
    }

    /// Whether the journal has every step that a transaction makes, and it makes one at least.
    private func hasSteps(of transaction: Transaction) throws(PenstockError) -> Bool {
        var isThere = false
        for case .call(let step) in transaction.operations {
            guard let row = try self.table.item(step.id), row.queue == step.queue, row.digest == step.digest else {
                return false
            }
            isThere = true
        }
        return isThere
    }
}

extension Operation {
    /// Whether the operation runs code of the user's.
    package var isWork: Bool { if case .work = self { true } else { false } }

    /// Whether the operation may find out half-way that it cannot be done.
    fileprivate var writesInSteps: Bool {
        switch self {
        case .push(let item): item.onDuplicate == .replace
        case .settle, .call, .append: false
        case .resolve, .pop, .clear, .abandon, .control, .work: true
        }
    }
}

extension Settlement {
    /// Whether a run only waits, and its lease goes on.
    fileprivate var isWait: Bool {
        switch self {
        case .park, .rest: true
        case .complete, .consume, .fail, .retry, .release, .diverge: false
        }
    }
}

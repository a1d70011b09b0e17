import Penstock
import PenstockTesting
import Synchronization

/// A store that breaks a promise now and then, as its seed wants it.
final class PlantedStore: StoreOverAnother {
    /// What it does wrong.
    enum Bug: String, CaseIterable, Sendable {
        /// Acknowledges a push, and drops it.
        case dropsPushes
        /// Gives an item that somebody holds to somebody else, under the same token.
        case leasesTwice
        /// Lets whoever has an old token settle the item.
        case acceptsOldTokens
        /// Shows an item as it was before.
        case readsStale
        /// Says that nobody knows what became of a transaction that has happened, and later does it again.
        case appliesTwice
        /// Ends an item that has ended once more, with another result.
        case changesResults
        /// Gives a lease under a token that was given before.
        case reusesTokens
        /// Acknowledges a result, and forgets it.
        case losesResults
        /// Finds a key whose push was to be refused, and says that all is well.
        case ignoresRefusals
        /// Does a part of a transaction, and says that nobody knows what became of it.
        case tearsTransactions
        /// Has items that nobody pushed.
        case inventsItems
        /// Takes an item from its holder without a word.
        case breaksLeases
        /// Counts one attempt too many.
        case miscountsAttempts
    }

    private struct State {
        var generator: SeededGenerator
        var strikes = 0
        /// What was leased last of each queue, as long as nobody has settled it.
        var leased: [String: LeasedItem] = [:]
        /// The newest lease of each item.
        var newest: [ItemID: LeaseReference] = [:]
        /// What the store underneath calls a token that was given again.
        var real: [LeaseReference: LeaseReference] = [:]
        var shown: [ItemReference: ItemRecord?] = [:]
        var again: Transaction?
    }

    let inner: any Store
    private let bug: Bug
    private let state: Mutex<State>

    init(over inner: any Store, _ bug: Bug, seed: UInt64) {
        (self.inner, self.bug) = (inner, bug)
        self.state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    /// How often it has done wrong.
    var strikes: Int { self.state.withLock { $0.strikes } }

    /// Whether it is to do wrong now, which it is once in a while.
    private func strikes(_ bug: Bug, onceIn count: Int) -> Bool {
        guard self.bug == bug else { return false }
        return self.state.withLock { Int.random(in: 0..<count, using: &$0.generator) == 0 }
    }

    private func struck() {
        self.state.withLock { $0.strikes += 1 }
    }

    private static let unavailable = PenstockError(.storeUnavailable, "the store was told to say nothing")

    // MARK: Transactions

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        if let again = self.state.withLock({ $0.again.take() }) {
            // It is refused when it cannot be done twice.
            if (try? await self.inner.commit(again)) != nil { self.struck() }
        }
        let operations = transaction.operations.map { self.translated($0) }
        if operations.count == 2, self.strikes(.tearsTransactions, onceIn: 2) {
            _ = try await self.inner.commit(Transaction([operations[1]]))
            self.struck()
            throw Self.unavailable
        }
        if self.strikes(.appliesTwice, onceIn: 10) {
            _ = try await self.inner.commit(Transaction(operations))
            self.state.withLock { $0.again = Transaction(operations) }
            throw Self.unavailable
        }
        guard operations.count == 1 else { return try await self.inner.commit(Transaction(operations)) }
        switch operations[0] {
        case .push(let item): return try await self.push(item)
        case .settle(let lease, let settlement): return try await self.settle(lease, settlement)
        default: return try await self.inner.commit(Transaction(operations))
        }
    }

    private func translated(_ operation: Operation) -> Operation {
        guard case .settle(let lease, let settlement) = operation else { return operation }
        return .settle(self.state.withLock { $0.real[lease] } ?? lease, settlement)
    }

    private func push(_ item: NewItem) async throws(PenstockError) -> Receipt {
        var item = item
        if item.onDuplicate == .refuse, self.strikes(.ignoresRefusals, onceIn: 3) {
            item.onDuplicate = .ignore
        }
        if self.strikes(.inventsItems, onceIn: 20) {
            let other = NewItem(queue: item.queue, payload: Payload(bytes: Array("nobody's".utf8)))
            _ = try await self.inner.commit(Transaction([.push(other)]))
            self.struck()
        }
        let receipt = try await self.inner.commit(Transaction([.push(item)]))
        if self.bug == .ignoresRefusals, item.onDuplicate == .ignore, receipt.wasThere[0] { self.struck() }
        if let id = receipt.ids[0], !receipt.wasThere[0], self.strikes(.dropsPushes, onceIn: 5) {
            if (try? await self.inner.commit(Transaction([.pop(.id(id))]))) != nil { self.struck() }
        }
        return receipt
    }

    private func settle(_ lease: LeaseReference, _ settlement: Settlement) async throws(PenstockError) -> Receipt {
        self.state.withLock { state in
            state.leased = state.leased.filter { $0.value.lease.id != lease.id }
        }
        if case .complete = settlement, self.strikes(.losesResults, onceIn: 4) {
            let receipt = try await self.inner.commit(Transaction([.settle(lease, .release)]))
            self.struck()
            return receipt
        }
        do throws(PenstockError) {
            let receipt = try await self.inner.commit(Transaction([.settle(lease, settlement)]))
            if case .complete = settlement, self.strikes(.changesResults, onceIn: 4) { await self.end(lease.id) }
            return receipt
        } catch {
            let newest = self.state.withLock { $0.newest[lease.id] }
            guard error.code == .leaseLost, let newest, newest.token > lease.token,
                self.strikes(.acceptsOldTokens, onceIn: 2)
            else { throw error }
            let receipt = try await self.inner.commit(Transaction([.settle(newest, settlement)]))
            self.struck()
            return receipt
        }
    }

    /// Ends an item that has ended once more.
    private func end(_ id: ItemID) async {
        do {
            guard let record = try await self.inner.item(.id(id)) else { return }
            _ = try await self.inner.commit(Transaction([.control(.id(id), .restart)]))
            self.struck()
            let request = ReserveRequest(queue: record.queue, choice: .key(record.key), waits: false)
            guard let leased = try await self.inner.reserve(request).first else { return }
            let other = Settlement.complete(Payload(bytes: Array("other".utf8)))
            _ = try await self.inner.commit(Transaction([.settle(leased.lease, other)]))
        } catch {
            // Somebody was quicker.
        }
    }

    // MARK: Leases and reads

    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        let held = self.state.withLock { $0.leased[request.queue] }
        if let held, self.strikes(.leasesTwice, onceIn: 5) {
            self.struck()
            return [held]
        }
        if let held, self.strikes(.breaksLeases, onceIn: 5) {
            if await self.inner.relinquish(held.lease, news: .max) { self.struck() }
        }
        let items = try await self.inner.reserve(request).map { self.changed($0) }
        self.state.withLock { state in
            for item in items { (state.leased[request.queue], state.newest[item.lease.id]) = (item, item.lease) }
        }
        return items
    }

    private func changed(_ item: LeasedItem) -> LeasedItem {
        if self.strikes(.miscountsAttempts, onceIn: 10) {
            self.struck()
            var record = item.record
            record.attempt += 1
            return LeasedItem(record: record, lease: item.lease)
        }
        let old = self.state.withLock { $0.newest[item.lease.id] }
        guard let old, self.strikes(.reusesTokens, onceIn: 3) else { return item }
        self.struck()
        self.state.withLock { $0.real[old] = item.lease }
        return LeasedItem(record: item.record, lease: old)
    }

    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        let record = try await self.inner.item(reference)
        let old = self.state.withLock { $0.shown.updateValue(record, forKey: reference) }
        guard let old, old != record, self.strikes(.readsStale, onceIn: 3) else { return record }
        self.struck()
        return old
    }
}

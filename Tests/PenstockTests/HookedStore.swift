import Penstock
import PenstockTesting
import Synchronization

/// A store that lets a test act between the reading of a journal and its use, and before a run is parked.
final class HookedStore: StoreOverAnother {
    let inner: any Store
    private let hook = Mutex<(@Sendable () async -> Void)?>(nil)
    private let parking = Mutex<(@Sendable () async -> Void)?>(nil)

    init(over inner: any Store) {
        self.inner = inner
    }

    /// Runs `body` once: when the next page of a journal has been read, before the reader has it.
    func afterJournal(_ body: @escaping @Sendable () async -> Void) {
        self.hook.withLock { $0 = body }
    }

    /// Runs `body` whenever a transaction that parks a run is handed in, before it is applied.
    func beforeParking(_ body: @escaping @Sendable () async -> Void) {
        self.parking.withLock { $0 = body }
    }

    /// Whether the hook of the journal is still to be run.
    var isHooked: Bool { self.hook.withLock { $0 != nil } }

    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        let items = try await self.inner.items(query)
        guard case .journal = query.scope else { return items }
        let body = self.hook.withLock { hook in
            defer { hook = nil }
            return hook
        }
        await body?()
        return items
    }

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        let parks = transaction.operations.contains { if case .settle(_, .park) = $0 { true } else { false } }
        if parks, let body = self.parking.withLock({ $0 }) { await body() }
        // The transaction may name this store, which the one underneath does not know.
        return try await self.inner.commit(Transaction(transaction.operations))
    }
}

public import Penstock

/// A store over another, to which it hands on everything that it does not do itself.
public protocol StoreOverAnother: Store {
    /// The store that does the work.
    var inner: any Store { get }
}

extension StoreOverAnother {
    /// The environment of the store underneath.
    public var environment: RuntimeEnvironment { self.inner.environment }

    /// Applies a transaction.
    public func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        // The transaction may name this store, which the one underneath does not know.
        try await self.inner.commit(Transaction(transaction.operations))
    }

    /// Leases items.
    public func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.inner.reserve(request)
    }

    /// Moves the end of leases.
    public func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.inner.extend(leases, for: duration)
    }

    /// Gives an item back to the store.
    public func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        await self.inner.relinquish(lease, news: news)
    }

    /// Waits for news of runs.
    public func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        try await self.inner.news(for: holder)
    }

    /// Waits until an item has ended.
    public func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? { try await self.inner.settled(id) }

    /// Waits for room in a queue.
    public func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        try await self.inner.room(in: queue, below: capacity)
    }

    /// Reads one item.
    public func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.inner.item(reference)
    }

    /// Reads a page of items.
    public func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.inner.items(query)
    }

    /// Counts the unsettled items.
    public func counts() async throws(PenstockError) -> [QueueCount] { try await self.inner.counts() }

    /// Closes the store underneath.
    public func close() async { await self.inner.close() }
}

import Penstock

/// A store over another, to which it hands on everything that it does not do itself.
protocol StoreOverAnother: Store {
    var inner: any Store { get }
}

extension StoreOverAnother {
    var environment: RuntimeEnvironment { self.inner.environment }

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        // The transaction may name this store, which the one underneath does not know.
        try await self.inner.commit(Transaction(transaction.operations))
    }

    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.inner.reserve(request)
    }

    func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.inner.extend(leases, for: duration)
    }

    func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        await self.inner.relinquish(lease, news: news)
    }

    func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        try await self.inner.news(for: holder)
    }

    func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? { try await self.inner.settled(id) }

    func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        try await self.inner.room(in: queue, below: capacity)
    }

    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.inner.item(reference)
    }

    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.inner.items(query)
    }

    func counts() async throws(PenstockError) -> [QueueCount] { try await self.inner.counts() }
    func close() async { await self.inner.close() }
}

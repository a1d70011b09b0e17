import Penstock
import Synchronization

/// A store that takes its time over each call, and now and then fails a transaction before it or loses its answer.
///
/// So calls overlap even where a store answers at once, and clients meet outcomes that nobody knows.
final class UnsteadyStore: StoreOverAnother {
    let inner: any Store
    /// How many of a hundred transactions end in an outcome that nobody knows.
    private let lost: Int
    private let generator: Mutex<SeededGenerator>

    init(over inner: any Store, lost: Int, seed: UInt64) {
        (self.inner, self.lost) = (inner, lost)
        self.generator = Mutex(SeededGenerator(seed: seed))
    }

    private func draw(_ count: Int) -> Int { self.generator.withLock { Int.random(in: 0..<count, using: &$0) } }

    private func pause() async {
        for _ in 0..<self.draw(3) { await Task.yield() }
    }

    /// Lets others go first before and after a call.
    private func slowly<Result>(
        _ body: () async throws(PenstockError) -> Result
    ) async throws(PenstockError) -> Result {
        await self.pause()
        let result = try await body()
        await self.pause()
        return result
    }

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        let (isLost, isBefore) = (self.draw(100) < self.lost, self.draw(2) == 0)
        let failure = PenstockError(.storeUnavailable, "the store was told to say nothing")
        if isLost, isBefore { throw failure }
        // The transaction may name this store, which the one underneath does not know.
        let own = Transaction(transaction.operations)
        let receipt = try await self.slowly { () async throws(PenstockError) in try await self.inner.commit(own) }
        if isLost { throw failure }
        return receipt
    }

    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.slowly { () async throws(PenstockError) in try await self.inner.reserve(request) }
    }

    func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.slowly { () async throws(PenstockError) in
            try await self.inner.extend(leases, for: duration)
        }
    }

    func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        await self.pause()
        let isBack = await self.inner.relinquish(lease, news: news)
        await self.pause()
        return isBack
    }

    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.slowly { () async throws(PenstockError) in try await self.inner.item(reference) }
    }

    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.slowly { () async throws(PenstockError) in try await self.inner.items(query) }
    }
}

import Penstock
import Synchronization

/// A store that asks another again while that is unavailable, and counts its rows after each failure.
///
/// Whoever uses it sees no failure, so what a store promises has to hold over a disk that fails now and then.
final class PatientStore: Store {
    private let inner: any Store
    private let discrepancies = Mutex<[String]>([])

    init(over inner: any Store) {
        self.inner = inner
    }

    /// Where the counts differed from a count of the rows after a call had failed.
    var discrepancy: String? { self.discrepancies.withLock { $0.first } }

    var environment: RuntimeEnvironment { self.inner.environment }

    private func patiently<Result>(
        _ body: () async throws(PenstockError) -> Result
    ) async throws(PenstockError) -> Result {
        while true {
            do throws(PenstockError) {
                return try await body()
            } catch  where error.code == .storeUnavailable {
                await self.checkCounts(after: error)
            }
        }
    }

    private func checkCounts(after error: PenstockError) async {
        do {
            try await StoreBench(over: self.inner).checkCounts()
        } catch let mismatch as ConformanceFailure {
            self.discrepancies.withLock { $0.append("after '\(error)': \(mismatch)") }
        } catch {
            // The rows cannot be read either; they are counted after the next failure, or at the end.
        }
    }

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        // The transaction may name this store, which the one underneath does not know.
        let own = transaction.store === self ? Transaction(transaction.operations) : transaction
        return try await self.patiently { () async throws(PenstockError) in try await self.inner.commit(own) }
    }

    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.patiently { () async throws(PenstockError) in try await self.inner.reserve(request) }
    }

    func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.patiently { () async throws(PenstockError) in
            try await self.inner.extend(leases, for: duration)
        }
    }

    func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        await self.inner.relinquish(lease, news: news)
    }

    func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        try await self.patiently { () async throws(PenstockError) in try await self.inner.news(for: holder) }
    }

    func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        try await self.patiently { () async throws(PenstockError) in try await self.inner.settled(id) }
    }

    func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        try await self.patiently { () async throws(PenstockError) in
            try await self.inner.room(in: queue, below: capacity)
        }
    }

    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.patiently { () async throws(PenstockError) in try await self.inner.item(reference) }
    }

    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.patiently { () async throws(PenstockError) in try await self.inner.items(query) }
    }

    func counts() async throws(PenstockError) -> [QueueCount] {
        try await self.patiently { () async throws(PenstockError) in try await self.inner.counts() }
    }

    func close() async {
        await self.inner.close()
    }
}

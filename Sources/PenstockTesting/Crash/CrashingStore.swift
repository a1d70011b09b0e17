public import Penstock
import Synchronization

/// A store whose process dies at a chosen call: from then on nothing happens any more, and all waits end.
///
/// It can also lose its connection for a while, so that callers do not learn what became of what they handed in.
public final class CrashingStore: Store {
    /// Where in the sequence of calls the process dies.
    public enum Point: Sendable, Hashable, CustomStringConvertible {
        /// Before the call with this number has any effect.
        case before(Int)
        /// When the call with this number has had its effect, and before the caller learns of it.
        case after(Int)

        /// The point in words.
        public var description: String {
            switch self {
            case .before(let call): "before call \(call)"
            case .after(let call): "after call \(call)"
            }
        }
    }

    /// How commits fail that are made while the store is unavailable.
    public enum Outage: Sendable, Hashable {
        /// Nothing happens.
        case refuses
        /// They happen, and the answer is lost.
        case losesAnswers
    }

    private struct State {
        var calls = 0
        var isDead = false
        var outage: Outage?
        var outageCommits = 0
        var goodCommits = 0
        /// What callers were told is there, and what of it has ended.
        var acknowledged: Set<ItemID> = []
        var ended: Set<ItemID> = []
    }

    private let inner: any Store
    private let point: Point?
    private let hasFailed: @Sendable () -> Bool
    private let state = Mutex(State())

    /// Makes a store over another, which dies at `point`, if there is one.
    ///
    /// - Parameters:
    ///   - inner: The store that does the work.
    ///   - point: The call at which the process dies.
    ///   - hasFailed: Whether everything underneath has failed: its machine is off, say. The process dies with it, at
    ///     the next call or at the end of one.
    public init(
        over inner: any Store,
        dyingAt point: Point? = nil,
        orWhen hasFailed: @escaping @Sendable () -> Bool = { false }
    ) {
        self.inner = inner
        self.point = point
        self.hasFailed = hasFailed
    }

    /// The environment of the store underneath.
    public var environment: RuntimeEnvironment { self.inner.environment }

    /// How many calls were made that change something or take something.
    public var calls: Int { self.state.withLock { $0.calls } }

    /// The items that callers were told they have made or changed, and those that they were told have ended.
    var acknowledged: (items: Set<ItemID>, ended: Set<ItemID>) { self.state.withLock { ($0.acknowledged, $0.ended) } }

    /// Whether the process has died.
    public var isDead: Bool { self.state.withLock { $0.isDead } }

    /// Makes `commits` commits fail in one way, the next `after` ones excepted.
    public func fail(_ outage: Outage, commits: Int, after: Int = 0) {
        self.state.withLock { ($0.outage, $0.outageCommits, $0.goodCommits) = (outage, commits, after) }
    }

    private static let dead = PenstockError(.storeClosed, "the process has died, as the test wanted")

    /// Counts a call around `body`, and dies before or after it when it is the one.
    private func call<Result>(_ body: () async throws(PenstockError) -> Result) async throws(PenstockError) -> Result {
        let number = try self.begin()
        if self.point == .before(number) || self.hasFailed() { throw await self.die() }
        let result: Result
        do throws(PenstockError) {
            result = try await body()
        } catch {
            guard self.hasFailed() else { throw error }
            throw await self.die()
        }
        if self.point == .after(number) { throw await self.die() }
        if self.isDead { throw Self.dead }
        return result
    }

    private func begin() throws(PenstockError) -> Int {
        let number: Int? = self.state.withLock { state in
            guard !state.isDead else { return nil }
            state.calls += 1
            return state.calls
        }
        guard let number else { throw Self.dead }
        return number
    }

    private func die() async -> PenstockError {
        self.state.withLock { $0.isDead = true }
        await self.inner.close()
        return Self.dead
    }

    private func checkAlive() async throws(PenstockError) {
        if self.isDead { throw Self.dead }
        if self.hasFailed() { throw await self.die() }
    }

    /// Applies a transaction.
    public func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        // The transaction may name this store, which the one underneath does not know.
        let transaction = Transaction(transaction.operations)
        let outage: Outage? = self.state.withLock { state in
            if state.goodCommits > 0 {
                state.goodCommits -= 1
                return nil
            }
            guard state.outageCommits > 0 else { return nil }
            state.outageCommits -= 1
            return state.outage
        }
        let receipt = try await self.call { () async throws(PenstockError) in
            if outage == .refuses { throw PenstockError(.storeUnavailable, "the store was told to refuse") }
            let receipt = try await self.inner.commit(transaction)
            if outage != nil { throw PenstockError(.storeUnavailable, "the store was told to lose its answer") }
            return receipt
        }
        self.state.withLock { state in
            state.acknowledged.formUnion(receipt.ids.compactMap { $0 })
            for case .settle(let lease, .complete) in transaction.operations { state.ended.insert(lease.id) }
        }
        return receipt
    }

    /// Leases items.
    public func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.checkAlive()
        let leased = try await self.inner.reserve(request)
        return try await self.call { () async throws(PenstockError) in leased }
    }

    /// Moves the end of leases.
    public func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.call { () async throws(PenstockError) in try await self.inner.extend(leases, for: duration) }
    }

    /// Gives a run that waits back to the store.
    public func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        let isBack = try? await self.call { () async throws(PenstockError) in
            await self.inner.relinquish(lease, news: news)
        }
        return isBack ?? true
    }

    /// Waits for news of runs.
    public func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        try await self.checkAlive()
        return try await self.inner.news(for: holder)
    }

    /// Waits until an item has ended.
    public func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        try await self.checkAlive()
        return try await self.inner.settled(id)
    }

    /// Waits for room in a queue.
    public func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        try await self.checkAlive()
        try await self.inner.room(in: queue, below: capacity)
    }

    /// Reads one item.
    public func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.checkAlive()
        return try await self.inner.item(reference)
    }

    /// Reads a page of items.
    public func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.checkAlive()
        return try await self.inner.items(query)
    }

    /// Counts the unsettled items.
    public func counts() async throws(PenstockError) -> [QueueCount] {
        try await self.checkAlive()
        return try await self.inner.counts()
    }

    /// Closes the store underneath.
    public func close() async {
        await self.inner.close()
    }
}

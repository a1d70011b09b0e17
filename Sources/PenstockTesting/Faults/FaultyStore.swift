public import Penstock
import Synchronization

/// A store in which one method fails at a chosen call, once or until it is mended.
///
/// Everything else goes to the store underneath. A program over it has to come to what it comes to without the fault:
/// whatever is unavailable is tried again, or is thrown to somebody who can.
public final class FaultyStore: Store {
    /// The methods that can fail.
    ///
    /// `relinquish` and `close` are not among them: they do not throw, so a store sees to them by itself.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// Of ``Store/commit(_:)`` and ``Store/submit(_:_:)``, which are numbered together.
        case commit
        /// Of ``Store/reserve(_:)``.
        case reserve
        /// Of ``Store/extend(_:for:)``.
        case extend
        /// Of ``Store/news(for:)``.
        case news
        /// Of ``Store/settled(_:)``.
        case settled
        /// Of ``Store/room(in:below:)``.
        case room
        /// Of ``Store/item(_:)``.
        case item
        /// Of ``Store/items(_:)``.
        case items
        /// Of ``Store/counts()``.
        case counts
    }

    /// Whether a call that fails has had its effect.
    public enum Moment: String, Sendable, Hashable, CaseIterable {
        /// It has not.
        case before
        /// It has, as far as the store's contract allows: a commit has happened, and its answer is lost. A reservation
        /// was taken back, and what was news is told by the next call.
        case after
    }

    /// One way to fail.
    public struct Fault: Sendable, Hashable, CustomStringConvertible {
        /// The method that fails.
        public var method: Method
        /// The number of the call at which it begins, from 1.
        public var call: Int
        /// Whether the calls have an effect.
        public var moment: Moment
        /// Whether all later calls fail too, until ``FaultyStore/mend()``.
        public var lasts: Bool

        /// Makes a fault.
        public init(_ method: Method, call: Int, _ moment: Moment, lasts: Bool = false) {
            (self.method, self.call, self.moment, self.lasts) = (method, call, moment, lasts)
        }

        /// The fault in words.
        public var description: String {
            let calls = self.lasts ? "every call from number \(self.call) on" : "call \(self.call)"
            return "\(calls) of '\(self.method.rawValue)' fails \(self.moment.rawValue) its effect"
        }
    }

    private struct State {
        var calls: [Method: Int] = [:]
        var injected = 0
        var isMended = false
        /// News that was taken from the store underneath by a call that failed.
        var keptNews: [Holder: [RunNews]] = [:]
        /// What callers were told is there, and what of it has ended.
        var acknowledged: Set<ItemID> = []
        var ended: Set<ItemID> = []
    }

    let inner: any Store
    private let fault: Fault?
    private let state = Mutex(State())

    /// Makes a store over another, with a fault, if there is to be one.
    public init(over inner: any Store, fault: Fault? = nil) {
        self.inner = inner
        self.fault = fault
    }

    /// The environment of the store underneath.
    public var environment: RuntimeEnvironment { self.inner.environment }

    /// How often a method was called.
    public func calls(of method: Method) -> Int { self.state.withLock { $0.calls[method, default: 0] } }

    /// How many calls have failed because of the fault.
    public var injected: Int { self.state.withLock { $0.injected } }

    /// Ends the fault.
    public func mend() {
        self.state.withLock { $0.isMended = true }
    }

    /// The items that callers were told they have made or changed, and those that they were told have ended.
    var acknowledged: (items: Set<ItemID>, ended: Set<ItemID>) { self.state.withLock { ($0.acknowledged, $0.ended) } }

    // MARK: Failing

    /// Counts a call; says when it is to fail, if it is.
    private func begin(_ method: Method) -> Moment? {
        self.state.withLock { state in
            let number = state.calls[method, default: 0] + 1
            state.calls[method] = number
            guard let fault = self.fault, fault.method == method, !state.isMended else { return nil }
            guard fault.lasts ? number >= fault.call : number == fault.call else { return nil }
            state.injected += 1
            return fault.moment
        }
    }

    private static func failure(_ method: Method) -> PenstockError {
        PenstockError(.storeUnavailable, "the store was told to fail in '\(method.rawValue)'")
    }

    /// Passes a call on, unless it is to fail; `undo` takes back what nobody will hear of.
    private func call<Result>(
        _ method: Method,
        _ body: () async throws(PenstockError) -> Result,
        undo: (Result) async -> Void = { _ in }
    ) async throws(PenstockError) -> Result {
        let moment = self.begin(method)
        if moment == .before { throw Self.failure(method) }
        let result = try await body()
        guard moment == .after else { return result }
        await undo(result)
        throw Self.failure(method)
    }

    /// Notes what has happened, and whether the caller is told.
    private func note(_ transaction: Transaction, _ receipt: Receipt, isTold: Bool) {
        self.state.withLock { state in
            for (operation, id) in zip(transaction.operations, receipt.ids) {
                switch operation {
                case .push, .call: if isTold, let id { state.acknowledged.insert(id) }
                case .settle(let lease, .complete): if isTold { state.ended.insert(lease.id) }
                // It is gone now, and has to be, whether the caller knows or not.
                case .settle(let lease, .consume): state.acknowledged.remove(lease.id)
                case .settle, .resolve, .append, .pop, .clear, .abandon, .control, .work: break
                }
            }
        }
    }

    // MARK: The store

    /// Applies a transaction.
    public func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        let outcome: Result<Receipt, PenstockError> = await withCheckedContinuation { continuation in
            self.submit(transaction) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Hands in a transaction.
    public func submit(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
    ) {
        let moment = self.begin(.commit)
        if moment == .before { return completion(.failure(Self.failure(.commit))) }
        // The transaction may name this store, which the one underneath does not know.
        self.inner.submit(Transaction(transaction.operations)) { [self] outcome in
            guard case .success(let receipt) = outcome else { return completion(outcome) }
            self.note(transaction, receipt, isTold: moment == nil)
            completion(moment == nil ? outcome : .failure(Self.failure(.commit)))
        }
    }

    /// Leases items.
    public func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.call(.reserve) { () async throws(PenstockError) in
            try await self.inner.reserve(request)
        } undo: { leased in
            for item in leased { _ = await self.inner.relinquish(item.lease, news: .max) }
        }
    }

    /// Moves the end of leases.
    public func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.call(.extend) { () async throws(PenstockError) in
            try await self.inner.extend(leases, for: duration)
        }
    }

    /// Gives a run that waits back to the store.
    public func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        await self.inner.relinquish(lease, news: news)
    }

    /// Waits for news of runs.
    public func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        try await self.call(.news) { () async throws(PenstockError) in
            let kept = self.state.withLock { $0.keptNews.removeValue(forKey: holder) }
            if let kept { return kept }
            return try await self.inner.news(for: holder)
        } undo: { news in
            self.state.withLock { $0.keptNews[holder, default: []] += news }
        }
    }

    /// Waits until an item has ended.
    public func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        try await self.call(.settled) { () async throws(PenstockError) in try await self.inner.settled(id) }
    }

    /// Waits for room in a queue.
    public func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        try await self.call(.room) { () async throws(PenstockError) in
            try await self.inner.room(in: queue, below: capacity)
        }
    }

    /// Reads one item.
    public func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.call(.item) { () async throws(PenstockError) in try await self.inner.item(reference) }
    }

    /// Reads a page of items.
    public func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.call(.items) { () async throws(PenstockError) in try await self.inner.items(query) }
    }

    /// Counts the unsettled items.
    public func counts() async throws(PenstockError) -> [QueueCount] {
        try await self.call(.counts) { () async throws(PenstockError) in try await self.inner.counts() }
    }

    /// Closes the store underneath.
    public func close() async {
        await self.inner.close()
    }
}

import Penstock
import Synchronization

/// A store that breaks one promise, to see whether that is noticed.
final class LyingStore: Store {
    /// The promise that it breaks.
    enum Lie: String, CaseIterable, Sendable {
        case none
        /// Says that a transaction has happened which was refused.
        case hidesRefusals
        /// Leaves something behind of a transaction that it refuses.
        case leavesTraces
        /// Leaves out the last of several operations.
        case leavesOutTheLast
        /// Pushes everything as due at once.
        case ignoresDueTimes
        /// Pushes everything at one priority.
        case ignoresPriorities
        /// Leases the last of the items that it was asked for first.
        case turnsTheOrderAround
        /// Answers an extension that nothing came of.
        case extendsNothing
        /// Keeps the news of runs to itself.
        case tellsNoNews
        /// Takes a run back whatever has happened to it.
        case takesBackEverything
        /// Says of what was asked for that it has ended, before it has.
        case endsEarly
        /// Forgets results.
        case forgetsResults
        /// Leaves a row out of each page that has several.
        case skipsRows
        /// Counts one too many.
        case miscounts
        /// Says that there is always room.
        case hasAlwaysRoom
        /// Goes on when it was closed.
        case staysOpen
    }

    private let inner: any Store
    private let lie: Lie

    init(over inner: any Store, lie: Lie) {
        (self.inner, self.lie) = (inner, lie)
    }

    var environment: RuntimeEnvironment { self.inner.environment }

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        var operations = transaction.operations
        if self.lie == .leavesOutTheLast, operations.count > 1 { operations.removeLast() }
        operations = operations.map { operation in
            guard case .push(var item) = operation else { return operation }
            if self.lie == .ignoresDueTimes { item.due = nil }
            if self.lie == .ignoresPriorities { item.priority = 0 }
            return .push(item)
        }
        do {
            return try await self.inner.commit(Transaction(operations))
        } catch {
            if self.lie == .leavesTraces, error.code != .storeClosed {
                let trace = NewItem(queue: "trace", payload: Payload(bytes: []))
                _ = try await self.inner.commit(Transaction([.push(trace)]))
            }
            guard self.lie == .hidesRefusals else { throw error }
            let none = [ItemID?](repeating: nil, count: operations.count)
            return Receipt(ids: none, wasThere: none.map { _ in false })
        }
    }

    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        let leased = try await self.inner.reserve(request)
        return self.lie == .turnsTheOrderAround ? leased.reversed() : leased
    }

    func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        if self.lie != .extendsNothing { try await self.inner.extend(leases, for: duration) }
    }

    func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        let isBack = await self.inner.relinquish(lease, news: news)
        return self.lie == .takesBackEverything || isBack
    }

    func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        while true {
            let news = try await self.inner.news(for: holder)
            if self.lie != .tellsNoNews { return news }
        }
    }

    func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        self.lie == .endsEarly ? try await self.item(.id(id)) : self.told(try await self.inner.settled(id))
    }

    func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        if self.lie != .hasAlwaysRoom { try await self.inner.room(in: queue, below: capacity) }
    }

    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        self.told(try await self.inner.item(reference))
    }

    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        let page = try await self.inner.items(query).compactMap { self.told($0) }
        return self.lie == .skipsRows && page.count > 1 ? Array(page.dropFirst()) : page
    }

    func counts() async throws(PenstockError) -> [QueueCount] {
        try await self.inner.counts().map { count in
            let ready = count.ready + (self.lie == .miscounts ? 1 : 0)
            return QueueCount(queue: count.queue, ready: ready, leased: count.leased, parked: count.parked)
        }
    }

    func close() async {
        if self.lie != .staysOpen { await self.inner.close() }
    }

    private func told(_ record: ItemRecord?) -> ItemRecord? {
        guard self.lie == .forgetsResults, var record else { return record }
        record.result = nil
        return record
    }
}

public import Penstock

/// The store as one client sees it, whose calls are written down.
///
/// What concerns single items is recorded: transactions, leases and reads. News of runs, room and counts are not, and
/// neither are the journals of runs.
public final class RecordingStore: StoreOverAnother {
    /// The store that does the work.
    public let inner: any Store
    private let client: Int
    private let recorder: HistoryRecorder

    /// Makes the store of a client, whose number no other client of its process has.
    public init(over inner: any Store, client: Int, into recorder: HistoryRecorder) {
        (self.inner, self.client, self.recorder) = (inner, client, recorder)
    }

    /// Records a call around `body`; one that throws has done nothing.
    private func call<Result>(
        _ call: HistoryCall,
        _ body: () async throws(PenstockError) -> Result,
        outcome: (Result) -> HistoryOutcome
    ) async throws(PenstockError) -> Result {
        let source = self.recorder.began(call, by: self.client)
        do throws(PenstockError) {
            let result = try await body()
            self.recorder.ended(source, outcome(result))
            return result
        } catch {
            self.recorder.ended(source, .refused(code: error.code.description))
            throw error
        }
    }

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
        let (recorder, operations) = (self.recorder, transaction.operations)
        let source = recorder.began(.commit(changes: operations.map(HistoryChange.init)), by: self.client)
        // The transaction may name this store, which the one underneath does not know.
        self.inner.submit(Transaction(operations)) { outcome in
            switch outcome {
            case .success(let receipt): recorder.ended(source, HistoryOutcome(receipt))
            case .failure(let error): recorder.ended(source, HistoryOutcome(commitThatThrew: error))
            }
            completion(outcome)
        }
    }

    /// Leases items.
    public func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try await self.call(HistoryCall(request)) { () async throws(PenstockError) in
            try await self.inner.reserve(request)
        } outcome: {
            HistoryOutcome($0)
        }
    }

    /// Moves the end of leases.
    public func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        let call = HistoryCall.extend(leases: leases.map(HistoryLease.init), lasts: duration == nil)
        try await self.call(call) { () async throws(PenstockError) in
            try await self.inner.extend(leases, for: duration)
        } outcome: {
            .extended
        }
    }

    /// Gives an item back to the store.
    public func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        let source = self.recorder.began(.relinquish(lease: HistoryLease(lease)), by: self.client)
        let isBack = await self.inner.relinquish(lease, news: news)
        self.recorder.ended(source, .isBack(isBack))
        return isBack
    }

    /// Waits until an item has ended.
    public func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        try await self.call(.settled(id: id.key)) { () async throws(PenstockError) in
            try await self.inner.settled(id)
        } outcome: {
            .row($0.map(HistoryRow.init))
        }
    }

    /// Reads one item.
    public func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.call(.item(of: HistoryReference(reference))) { () async throws(PenstockError) in
            try await self.inner.item(reference)
        } outcome: {
            .row($0.map(HistoryRow.init))
        }
    }

    /// Reads a page of items.
    public func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        guard let call = HistoryCall(query) else { return try await self.inner.items(query) }
        return try await self.call(call) { () async throws(PenstockError) in
            try await self.inner.items(query)
        } outcome: {
            .rows($0.map(HistoryRow.init))
        }
    }
}

/// A claim on an item for a time: the right to say what becomes of it, exactly once.
///
/// Settling consumes the lease, so settling twice does not compile. A lease that is dropped unsettled is reported, and
/// its item becomes ready again when its time is over. When a settling method throws
/// ``PenstockError/Code/leaseLost``, somebody else has the item and nothing was changed.
public struct Lease<Value: Sendable>: ~Copyable, Sendable {
    /// The item.
    public let item: Item<Value>

    let reference: LeaseReference
    let store: any Store
    let queue: String
    private var isSettled = false

    init(_ item: Item<Value>, _ leased: LeasedItem, store: any Store) {
        self.item = item
        self.reference = leased.lease
        self.store = store
        self.queue = leased.record.queue
    }

    deinit {
        guard !self.isSettled else { return }
        self.store.environment.report?(
            Notice(
                .warning,
                """
                the lease on key '\(self.item.key)' of queue '\(self.queue)' was dropped unsettled: the item is ready \
                again when its time is over
                """
            )
        )
    }

    /// The value.
    public var value: Value { self.item.value }

    /// The key.
    public var key: String { self.item.key }

    /// Ends the lease: the item was received, and goes.
    public consuming func complete() async throws(PenstockError) {
        try await self.settle(.consume)
    }

    /// Ends the lease with a result, which stays with the item and goes to its return address.
    public consuming func complete(with result: some Encodable & Sendable) async throws(PenstockError) {
        try await self.settle(.complete(try Payload(encoding: result)))
    }

    /// Ends the lease with a failure: the item is a dead letter, kept with its bytes.
    public consuming func fail(_ error: any Error) async throws(PenstockError) {
        let failure = Failure(
            .failed,
            pipeline: self.queue,
            errorType: "\(type(of: error))",
            message: "\(error)",
            attempts: self.item.attempt
        )
        try await self.settle(.fail(failure))
    }

    /// Ends the lease: the item is to be tried again after `delay`, and this attempt counts.
    public consuming func retry(after delay: Duration, because error: any Error) async throws(PenstockError) {
        let failure = Failure(
            .failed,
            pipeline: self.queue,
            errorType: "\(type(of: error))",
            message: "\(error)",
            attempts: self.item.attempt
        )
        try await self.settle(.retry(after: delay, failure))
    }

    /// Ends the lease: the item goes back as it was, and this attempt does not count.
    public consuming func release() async throws(PenstockError) {
        try await self.settle(.release)
    }

    /// Moves the end of the lease to `duration` from now.
    public borrowing func extend(for duration: Duration) async throws(PenstockError) {
        try await self.store.extend([self.reference], for: duration)
    }

    private consuming func settle(_ settlement: Settlement) async throws(PenstockError) {
        self.isSettled = true
        _ = try await self.store.commit(Transaction([.settle(self.reference, settlement)]))
    }

    /// Gives up the lease in favour of a transaction that settles it.
    consuming func handOver() -> LeaseReference {
        self.isSettled = true
        return self.reference
    }
}

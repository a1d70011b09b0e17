public import Synchronization

/// What one node of a graph has done so far; written by its task, read by anybody.
@usableFromInline
final class NodeCounters: Sendable {
    @usableFromInline
    let taken = Atomic(0)
    @usableFromInline
    let put = Atomic(0)
    let failed = Atomic(0)
    let dropped = Atomic(0)
    /// Nanoseconds for which it has waited, for items or for room.
    let waited = Atomic(0)

    /// Adds one; only the node's own task counts, so nothing is locked.
    @inlinable
    static func count(_ counter: borrowing Atomic<Int>) {
        counter.store(counter.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// Counts an item that has failed.
    @usableFromInline
    func lost(isSentOn: Bool) {
        if isSentOn { Self.count(self.failed) } else { Self.count(self.dropped) }
    }

    /// Adds the time that `body` takes to what was waited.
    func wait(_ body: () async throws -> Void) async rethrows {
        let start = ContinuousClock.now
        defer { self.hasWaited(since: start) }
        try await body()
    }

    /// Adds the time since then to what was waited.
    func hasWaited(since start: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        self.waited.add(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000), ordering: .relaxed)
    }
}

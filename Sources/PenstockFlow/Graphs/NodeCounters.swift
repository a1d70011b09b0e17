public import Synchronization

/// What one node of a graph has done so far; written by its task, read by anybody.
@usableFromInline
final class NodeCounters: Sendable {
    @usableFromInline
    let taken = Atomic(0)
    @usableFromInline
    let put = Atomic(0)
    @usableFromInline
    let failed = Atomic(0)
    @usableFromInline
    let dropped = Atomic(0)
    /// Nanoseconds for which it has waited, for items or for room.
    private let waited = Atomic(0)
    /// When it began to wait; 0 while it does not.
    private let waitingSince = Atomic(0)
    private let began = NodeCounters.now
    /// When it had nothing more to do; 0 before that.
    private let ended = Atomic(0)

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
        let start = self.beginWaiting()
        defer { self.endWaiting(since: start) }
        try await body()
    }

    /// Says that the node waits from now on.
    /// - Returns: when that was, for the end of it.
    func beginWaiting() -> Int {
        let start = Self.now
        self.waitingSince.store(start, ordering: .relaxed)
        return start
    }

    /// Adds the time since then to what was waited.
    func endWaiting(since start: Int) {
        // Somebody who looks in between sees too much of it: rather idle for a moment than busy after an hour of rest.
        self.waited.add(Self.now - start, ordering: .relaxed)
        self.waitingSince.store(0, ordering: .relaxed)
    }

    /// Nanoseconds for which it has waited, the wait that is going on included.
    var allWaited: Int {
        let since = self.waitingSince.load(ordering: .relaxed)
        return self.waited.load(ordering: .relaxed) + (since == 0 ? 0 : max(0, Self.now - since))
    }

    /// Says that the node has nothing more to do.
    func end() { self.ended.store(Self.now, ordering: .relaxed) }

    /// Which share of the time since it began it has worked, and neither waited nor been at its end.
    var busy: Double {
        let (now, ended, waited) = (Self.now, self.ended.load(ordering: .relaxed), self.allWaited)
        let worked = (ended == 0 ? now : ended) - self.began - waited
        return now > self.began ? min(1, max(0, Double(worked) / Double(now - self.began))) : 0
    }

    private static let origin = ContinuousClock.now

    /// Nanoseconds since some moment; never 0.
    private static var now: Int {
        let (seconds, attoseconds) = (ContinuousClock.now - self.origin).components
        return Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000) + 1
    }
}

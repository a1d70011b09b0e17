import Synchronization

/// What a node has done so far.
public struct NodeCounts: Sendable, Hashable, CustomStringConvertible {
    /// How many items it has taken.
    public let taken: Int
    /// How many it has put, each counted once however many nodes it goes to.
    public let put: Int
    /// How many items have failed and were sent on as such; at a join, how many belonged to none of the other stream.
    public let failed: Int
    /// How many items were dropped, because they failed or what they were to be joined with was dropped.
    public let dropped: Int
    /// For how long it has waited, for items or for room.
    public let waited: Duration

    init(_ counters: NodeCounters) {
        self.taken = counters.taken.load(ordering: .relaxed)
        self.put = counters.put.load(ordering: .relaxed)
        self.failed = counters.failed.load(ordering: .relaxed)
        self.dropped = counters.dropped.load(ordering: .relaxed)
        self.waited = .nanoseconds(counters.allWaited)
    }

    /// The counts that are not 0.
    public var description: String {
        var parts = ["\(self.taken) taken", "\(self.put) put"]
        if self.failed > 0 { parts.append("\(self.failed) failed") }
        if self.dropped > 0 { parts.append("\(self.dropped) dropped") }
        return parts.joined(separator: ", ")
    }
}

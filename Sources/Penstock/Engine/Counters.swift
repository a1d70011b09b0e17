import Synchronization

/// A number that many threads add to.
package final class Counter: Sendable {
    private let number = Atomic(0)

    package init() {}

    package func add(_ amount: Int) {
        self.number.add(amount, ordering: .relaxed)
    }

    package var value: Int { self.number.load(ordering: .relaxed) }
}

/// What an engine has done since it was made.
package final class EngineCounters: Sendable {
    let attempts = Counter()
    let activations = Counter()
    let replays = Counter()
    let replayedSteps = Counter()
    let evictions = Counter()
    let retries = Counter()
    let failures = Counter()
}

/// What an engine has done since it was made, at one moment.
public struct EngineStatistics: Sendable, Hashable, Codable {
    /// Bodies of activities that were begun.
    public let attempts: Int
    /// Times a run computed until it waited again, and committed.
    public let activations: Int
    /// Times a run was rebuilt from its journal; 0 unless a process died or memory ran short.
    public let replays: Int
    /// Steps that were answered from a journal in doing so.
    public let replayedSteps: Int
    /// Runs that were taken out of memory to stay within the budget.
    public let evictions: Int
    /// Attempts that failed and are to be made again.
    public let retries: Int
    /// Items that ended as failed.
    public let failures: Int
    /// Runs in memory now.
    public let hotRuns: Int
    /// Roughly the bytes that they take.
    public let hotBytes: Int
}

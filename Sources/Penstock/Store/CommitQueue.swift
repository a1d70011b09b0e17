import Synchronization

/// The transactions that wait to be committed, and whether somebody is at it.
package final class CommitQueue: Sendable {
    /// A transaction, and who waits for its outcome.
    struct Submission: Sendable {
        let transaction: Transaction
        let continuation: CheckedContinuation<Result<Receipt, PenstockError>, Never>
    }

    private struct State {
        var waiting: [Submission] = []
        var isDraining = false
        var isClosed = false
    }

    /// The most transactions in one group, so that the first of them does not wait for ever.
    static let group = 4096

    private let state = Mutex(State())

    package init() {}

    /// Adds a transaction.
    /// - Returns: whether the caller has to see to it that the queue is drained; `nil` when the queue is closed.
    func add(_ submission: Submission) -> Bool? {
        self.state.withLock { state in
            guard !state.isClosed else { return nil }
            state.waiting.append(submission)
            defer { state.isDraining = true }
            return !state.isDraining
        }
    }

    /// Takes the next group; when it is empty, whoever adds the next transaction has to drain again.
    func take() -> [Submission] {
        self.state.withLock { state in
            if state.waiting.count <= Self.group {
                defer { state.waiting = [] }
                state.isDraining = !state.waiting.isEmpty
                return state.waiting
            }
            defer { state.waiting.removeFirst(Self.group) }
            return Array(state.waiting.prefix(Self.group))
        }
    }

    /// Accepts no more.
    func close() {
        self.state.withLock { $0.isClosed = true }
    }

    var isClosed: Bool { self.state.withLock { $0.isClosed } }
}

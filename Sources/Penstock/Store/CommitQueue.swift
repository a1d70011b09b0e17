import Synchronization

/// The transactions that wait to be committed, and whether somebody is at it.
package final class CommitQueue: Sendable {
    /// A transaction, and who hears of its outcome.
    package struct Submission: Sendable {
        package let transaction: Transaction
        package let completion: @Sendable (Result<Receipt, PenstockError>) -> Void

        package init(
            transaction: Transaction,
            completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
        ) {
            (self.transaction, self.completion) = (transaction, completion)
        }
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
    package func add(_ submission: Submission) -> Bool? {
        self.state.withLock { state in
            guard !state.isClosed else { return nil }
            state.waiting.append(submission)
            defer { state.isDraining = true }
            return !state.isDraining
        }
    }

    /// Puts the next group in the place of the last; when it is empty, whoever adds the next transaction has to drain
    /// again.
    package func take(into group: inout [Submission]) {
        // Two arrays go to and fro, so that neither has to grow anew for every group.
        group.removeAll(keepingCapacity: true)
        self.state.withLock { state in
            swap(&state.waiting, &group)
            if group.count > Self.group {
                state.waiting = Array(group[Self.group...])
                group.removeSubrange(Self.group...)
            }
            state.isDraining = !group.isEmpty
        }
    }

    /// Accepts no more.
    package func close() {
        self.state.withLock { $0.isClosed = true }
    }

    package var isClosed: Bool { self.state.withLock { $0.isClosed } }
}

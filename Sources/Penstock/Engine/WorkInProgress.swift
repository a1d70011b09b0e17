import Synchronization

/// The tasks that work on items, so that they can be cancelled and waited for.
final class WorkInProgress: Sendable {
    private struct State {
        var tasks: [LeaseReference: Task<Void, Never>] = [:]
        var waiter: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Begins a task; it calls ``end(_:)`` as its last act, which waits until it is entered here.
    func begin(_ lease: LeaseReference, _ start: () -> Task<Void, Never>) {
        self.state.withLock { state in
            let task = start()
            state.tasks[lease] = task
            if state.isCancelled { task.cancel() }
        }
    }

    func end(_ lease: LeaseReference) {
        let waiter = self.state.withLock { state in
            state.tasks[lease] = nil
            guard state.tasks.isEmpty else { return CheckedContinuation<Void, Never>?.none }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Cancels the task that works on an item, because somebody has ended the item.
    func cancel(_ id: ItemID) {
        let tasks = self.state.withLock { state in state.tasks.filter { $0.key.id == id }.map(\.value) }
        for task in tasks { task.cancel() }
    }

    /// Lets tasks run again after ``cancelAll()``.
    func reopen() {
        self.state.withLock { $0.isCancelled = false }
    }

    /// Cancels all tasks, those included that begin later.
    func cancelAll() {
        let tasks = self.state.withLock { state in
            state.isCancelled = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    /// Whether the engine is going down and takes its tasks with it.
    var isCancelled: Bool { self.state.withLock { $0.isCancelled } }

    /// Waits until no task is left.
    ///
    /// One task at a time may wait.
    func ended() async {
        await withCheckedContinuation { continuation in
            let mustWait = self.state.withLock { state in
                guard !state.tasks.isEmpty else { return false }
                state.waiter = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }
}

import Synchronization

/// What an engine is working on, so that it can be cancelled and waited for.
final class WorkInProgress: Sendable {
    /// A part of the table of who works on what: tasks of different parts do not wait for each other.
    private final class Part: Sendable {
        struct State {
            var handles: [Int64: TaskHandle] = [:]
            /// Leases that were ended before their task was known; or after, in which case they are forgotten when
            /// there is nothing to do.
            var cancelled: Set<Int64> = []
        }

        let state = Mutex(State())
    }

    private let parts = (0..<8).map { _ in Part() }
    private let count = Atomic(0)
    private let isGoingDown = Atomic(false)
    private let isLost = Atomic(false)
    private let waiter = Mutex<CheckedContinuation<Void, Never>?>(nil)

    private func part(_ lease: LeaseReference) -> Part { self.parts[Int(lease.token & 7)] }

    /// A task is about to work on an item, until it calls ``end(_:)``.
    func begin(_ lease: LeaseReference, _ handle: TaskHandle) {
        self.count.add(1, ordering: .relaxed)
        let isCancelled = self.part(lease).state.withLock { state in
            state.handles[lease.token] = handle
            return !state.cancelled.isEmpty && state.cancelled.remove(lease.token) != nil
        }
        if isCancelled || self.isCancelled { handle.cancel() }
    }

    /// A task has done with an item; it is not cancelled for its sake any more.
    func end(_ lease: LeaseReference) {
        self.part(lease).state.withLock { $0.handles[lease.token] = nil }
        guard self.count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        let waiter = self.waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiter?.resume()
        for part in self.parts { part.state.withLock { $0.cancelled = [] } }
    }

    /// Cancels the task that works on an item, because somebody has ended its lease.
    func cancel(_ lease: LeaseReference) {
        self.part(lease).state.withLock { state in
            guard let handle = state.handles[lease.token] else {
                state.cancelled.insert(lease.token)
                return
            }
            // Under the lock: a task that is done with its item may take another one, and keeps that.
            handle.cancel()
        }
    }

    /// Lets tasks run again after ``cancelAll()``.
    func reopen() {
        self.isGoingDown.store(false, ordering: .sequentiallyConsistent)
        self.isLost.store(false, ordering: .sequentiallyConsistent)
    }

    /// Cancels all tasks, those included that begin later.
    func cancelAll() {
        self.isGoingDown.store(true, ordering: .sequentiallyConsistent)
        for part in self.parts {
            part.state.withLock { state in
                for (_, handle) in state.handles.sorted(by: { $0.key < $1.key }) { handle.cancel() }
            }
        }
    }

    /// Whether the engine is going down and takes its tasks with it.
    var isCancelled: Bool { self.isGoingDown.load(ordering: .sequentiallyConsistent) }

    /// Gives up what a store that is unavailable has not taken: it will be worked on again.
    func giveUp() {
        self.isLost.store(true, ordering: .sequentiallyConsistent)
    }

    /// Whether a store that is unavailable is not waited for any longer.
    var isGivenUp: Bool { self.isLost.load(ordering: .sequentiallyConsistent) }

    /// Waits until nothing is worked on.
    ///
    /// One task at a time may wait.
    func ended() async {
        await withCheckedContinuation { continuation in
            let mustWait = self.waiter.withLock { waiter in
                // Whoever ends the last one looks for a waiter afterwards.
                guard self.count.load(ordering: .acquiring) > 0 else { return false }
                waiter = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }
}

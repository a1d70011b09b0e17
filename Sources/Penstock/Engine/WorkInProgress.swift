import Synchronization

/// What an engine is working on, so that it can be cancelled and waited for.
final class WorkInProgress: Sendable {
    /// A part of the table of who works on what: tasks of different parts do not wait for each other.
    private final class Part: Sendable {
        let entries = Mutex<[Int64: (id: ItemID, handle: TaskHandle)]>([:])
    }

    private let parts = (0..<8).map { _ in Part() }
    private let count = Atomic(0)
    private let isGoingDown = Atomic(false)
    private let waiter = Mutex<CheckedContinuation<Void, Never>?>(nil)

    private func part(_ lease: LeaseReference) -> Part { self.parts[Int(lease.token & 7)] }

    /// Some task will work on an item from now on, until it calls ``end(_:)``.
    func begin() {
        self.count.add(1, ordering: .relaxed)
    }

    /// A task begins to work on an item.
    func enter(_ lease: LeaseReference, _ handle: TaskHandle) {
        self.part(lease).entries.withLock { $0[lease.token] = (lease.id, handle) }
        if self.isCancelled { handle.cancel() }
    }

    /// A task has done with an item; it is not cancelled for its sake any more.
    func end(_ lease: LeaseReference) {
        _ = self.part(lease).entries.withLock { $0.removeValue(forKey: lease.token) }
        guard self.count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        let waiter = self.waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiter?.resume()
    }

    /// Cancels the task that works on an item, because somebody has ended the item.
    func cancel(_ id: ItemID) {
        self.cancel { $0 == id }
    }

    /// Lets tasks run again after ``cancelAll()``.
    func reopen() {
        self.isGoingDown.store(false, ordering: .sequentiallyConsistent)
    }

    /// Cancels all tasks, those included that begin later.
    func cancelAll() {
        self.isGoingDown.store(true, ordering: .sequentiallyConsistent)
        self.cancel { _ in true }
    }

    private func cancel(where isMeant: (ItemID) -> Bool) {
        for part in self.parts {
            // Under the lock: a task that is done with its item may have taken another one, and keeps that.
            part.entries.withLock { entries in
                for entry in entries.values where isMeant(entry.id) { entry.handle.cancel() }
            }
        }
    }

    /// Whether the engine is going down and takes its tasks with it.
    var isCancelled: Bool { self.isGoingDown.load(ordering: .sequentiallyConsistent) }

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

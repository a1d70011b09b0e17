import Synchronization

/// The tasks that work on the items of one queue, each on one item after the other.
///
/// To make a task costs several times what it costs to wake one that waits, so a task that has ended its item waits for
/// the next. There are never more waiting than may work at once.
final class TaskPool: Sendable {
    /// An item to work on, and the right to do so.
    struct Job: Sendable {
        let leased: LeasedItem
        let slot: Slot
    }

    /// A task that waits for its next item.
    private struct Waiting {
        let handle: TaskHandle
        let continuation: CheckedContinuation<Job?, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isClosed = false
    }

    private let worker: any Worker
    private let core: EngineCore
    private let state = Mutex(State())

    init(for worker: any Worker, in core: EngineCore) {
        self.worker = worker
        self.core = core
    }

    /// Has a task work on an item: one that waits, or else a new one.
    func begin(_ job: Job) {
        let lease = job.leased.lease
        if let waiting = self.state.withLock({ $0.waiting.popLast() }) {
            self.core.work.begin(lease, waiting.handle)
            return waiting.continuation.resume(returning: job)
        }
        let handle = TaskHandle()
        self.core.work.begin(lease, handle)
        handle.enter(self.core.environment.task { await self.work(on: job, as: handle) })
    }

    private func work(on first: Job, as handle: TaskHandle) async {
        var job = first
        while true {
            await self.worker.work(on: job.leased, slot: job.slot, in: self.core)
            self.core.work.end(job.leased.lease)
            // A task that was cancelled because of one item is no good for another.
            guard !Task.isCancelled, let next = await self.next(handle) else { return }
            job = next
        }
    }

    /// Waits for the next item; `nil` when there are enough tasks that do, or the pool is closed.
    private func next(_ handle: TaskHandle) async -> Job? {
        await withCheckedContinuation { continuation in
            let waits = self.state.withLock { state in
                guard !state.isClosed, state.waiting.count < self.worker.concurrency else { return false }
                state.waiting.append(Waiting(handle: handle, continuation: continuation))
                return true
            }
            if !waits { continuation.resume(returning: nil) }
        }
    }

    /// Lets the tasks that wait end, and those that work when they are done.
    func close() {
        let waiting = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for task in waiting { task.continuation.resume(returning: nil) }
    }
}

/// A task that can be cancelled before it is known.
final class TaskHandle: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func enter(_ task: Task<Void, Never>) {
        let isCancelled = self.state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    func cancel() {
        let task = self.state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}

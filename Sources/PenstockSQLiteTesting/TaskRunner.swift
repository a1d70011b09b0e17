import Penstock
import PenstockSQLite
import Synchronization

/// Runs jobs over a connection as tasks of an environment's scheduler, instead of on a thread of its own.
///
/// In a simulation they take their turns with everything else that happens, in the order that the seed determines; what
/// comes before their turn comes is the next group, as it is with a thread.
final class TaskRunner: TableRunner {
    private struct State {
        var jobs: [@Sendable (SQLiteTable) -> Void] = []
        var isRunning = false
        var isStopping = false
        var isClosed = false
        var stoppers: [CheckedContinuation<Void, Never>] = []
    }

    private enum Next {
        case jobs([@Sendable (SQLiteTable) -> Void])
        case idle
        case close
    }

    private let state = Mutex(State())
    private let table: Mutex<SQLiteTable>
    private let environment: RuntimeEnvironment
    private let closed: @Sendable () -> Void

    /// Makes a runner, which calls `closed` once it has closed the table.
    init(_ table: sending SQLiteTable, _ environment: RuntimeEnvironment, closed: @escaping @Sendable () -> Void) {
        self.table = Mutex(table)
        self.environment = environment
        self.closed = closed
    }

    /// Runs `job` when it is its turn.
    func post(_ job: @escaping @Sendable (SQLiteTable) -> Void) -> Bool {
        let (isAccepted, mustStart): (Bool, Bool) = self.state.withLock { state in
            guard !state.isStopping else { return (false, false) }
            state.jobs.append(job)
            defer { state.isRunning = true }
            return (true, !state.isRunning)
        }
        if mustStart { self.start() }
        return isAccepted
    }

    /// Finishes what was posted, and closes the table.
    func stop() async {
        await withCheckedContinuation { continuation in
            let (isOver, mustStart): (Bool, Bool) = self.state.withLock { state in
                state.isStopping = true
                if state.isClosed { return (true, false) }
                state.stoppers.append(continuation)
                defer { state.isRunning = true }
                return (false, !state.isRunning)
            }
            if isOver { continuation.resume() }
            if mustStart { self.start() }
        }
    }

    private func start() {
        self.environment.task { await self.run() }
    }

    private func run() async {
        while true {
            switch self.next() {
            case .jobs(let jobs): self.table.withLock { table in for job in jobs { job(table) } }
            case .idle:
                // An idle moment is used to checkpoint, and then somebody may have come.
                self.table.withLock { if $0.wantsCheckpoint { $0.checkpoint() } }
                if self.rest() { return }
            case .close:
                self.table.withLock { $0.close() }
                self.closed()
                self.end()
                return
            }
            await Task.yield()
        }
    }

    private func next() -> Next {
        self.state.withLock { state in
            if !state.jobs.isEmpty {
                defer { state.jobs = [] }
                return .jobs(state.jobs)
            }
            return state.isStopping ? .close : .idle
        }
    }

    /// - Returns: whether there is nothing to do.
    private func rest() -> Bool {
        self.state.withLock { state in
            state.isRunning = !state.jobs.isEmpty || state.isStopping
            return !state.isRunning
        }
    }

    private func end() {
        let stoppers = self.state.withLock { state in
            state.isClosed = true
            defer { state.stoppers = [] }
            return state.stoppers
        }
        for stopper in stoppers { stopper.resume() }
    }
}

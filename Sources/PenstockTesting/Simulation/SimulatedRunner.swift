import Penstock
import Synchronization

/// Runs jobs over a table as tasks of its process, one at a time and in order, whenever the world gets round to it.
final class SimulatedRunner: TableRunner {
    private struct State {
        var jobs: [@Sendable (SimulatedTable) -> Void] = []
        var first = 0
        var isDraining = false
        var isStopped = false
    }

    private let table: Mutex<SimulatedTable>
    private let process: SimulatedProcess
    private let dice: FaultDice
    private let state = Mutex(State())

    init(_ table: sending SimulatedTable, for process: SimulatedProcess, _ dice: FaultDice) {
        self.table = Mutex(table)
        self.process = process
        self.dice = dice
    }

    func post(_ job: @escaping @Sendable (SimulatedTable) -> Void) -> Bool {
        let mustDrain: Bool? = self.state.withLock { state in
            guard !state.isStopped else { return nil }
            state.jobs.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard let mustDrain else { return false }
        if mustDrain { self.process.environment.task { await self.drain() } }
        return true
    }

    private func drain() async {
        while self.hasJobs() {
            if self.dice.strikes(.slowDisk, self.process.name) {
                let delay = Duration.milliseconds(1 + self.dice.draw(.slowDisk, below: 500))
                // The task is nobody's to cancel.
                try? await self.process.environment.clock.sleep(for: delay)
            } else {
                await Task.yield()
            }
            self.runNext()
        }
        self.table.withLock { $0.rest() }
    }

    private func hasJobs() -> Bool {
        self.state.withLock { state in
            if state.first < state.jobs.count { return true }
            (state.jobs, state.first, state.isDraining) = ([], 0, false)
            return false
        }
    }

    private func runNext() {
        let job = self.state.withLock { state in
            guard state.first < state.jobs.count else { return nil as (@Sendable (SimulatedTable) -> Void)? }
            state.first += 1
            return state.jobs[state.first - 1]
        }
        if let job { self.table.withLock { job($0) } }
    }

    func stop() async {
        self.state.withLock { $0.isStopped = true }
        while self.hasJobs() { self.runNext() }
        self.table.withLock { $0.close() }
    }
}

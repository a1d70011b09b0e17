import Synchronization

/// A run in memory: the driver around its state machine.
///
/// The body of the workflow runs in a task of its own. When it waits for a step, that task commits what the body did
/// since it last waited, and then sleeps on a continuation until the result is there. All decisions are the machine's.
package final class HotRun: Sendable {
    private struct State {
        var machine: RunMachine
        var sleeper: CheckedContinuation<Void, Never>?
        /// Steps of which there was news, and which have not been read yet.
        var unheard: Set<Int> = []
        /// Why the store has refused what the body did, for good.
        var refusal: PenstockError?
    }

    let core: EngineCore
    let leased: LeasedItem
    let slot: Slot
    private let state: Mutex<State>

    init(_ leased: LeasedItem, journal: [ItemRecord], slot: Slot, core: EngineCore) {
        self.core = core
        self.leased = leased
        self.slot = slot
        self.state = Mutex(State(machine: RunMachine(leased, journal: journal)))
    }

    var id: ItemID { self.leased.record.id }

    /// Roughly what the run costs while it waits: its task and its objects, and what was put in.
    ///
    /// The constant is what `penstock bench durable --workload memory` measures for a run that waits for one step.
    var bytes: Int { 12 * 1024 + 512 + self.leased.record.payload.bytes.count }

    func withMachine<Result>(_ body: (inout RunMachine) -> sending Result) -> sending Result {
        self.state.withLock { body(&$0.machine) }
    }

    // MARK: Called by the body's own task

    /// Waits for the first of `steps` to end; commits what the body did before.
    /// - Throws: `CancellationError` when the run is over.
    func value(of steps: [Int]) async throws -> (step: Int, outcome: RunMachine.Outcome) {
        while true {
            switch self.withMachine({ $0.awaits(steps) { self.core.endsSoon($0) } }) {
            case .proceed(let step, let outcome): return (step, outcome)
            case .commit(let operations):
                // The body sleeps until the result is there: it is not woken for the commit in between.
                self.core.submit(Transaction(operations)) { self.committed($0, awaiting: steps) }
                await self.sleep()
                if let refusal = self.state.withLock({ $0.refusal }) {
                    await self.refused(refusal)
                    throw CancellationError()
                }
            case .wait:
                self.parked(awaiting: steps)
                await self.sleep()
            case .diverge(let divergence):
                await self.diverge(divergence)
                throw CancellationError()
            case .stop: throw CancellationError()
            }
        }
    }

    /// What the body did before it began to wait is durable, or never will be.
    private func committed(_ outcome: Result<Receipt, PenstockError>, awaiting steps: [Int]) {
        if case .failure(let error) = outcome {
            self.state.withLock { $0.refusal = error }
            return self.resume()
        }
        self.core.counters.activations.add(1)
        if self.withMachine({ $0.committed() }) {
            self.resume()
        } else {
            self.parked(awaiting: steps)
        }
    }

    /// The body waits, and nothing is under way for it.
    private func parked(awaiting steps: [Int]) {
        self.core.hot.parked(self)
        let endsSoon = self.withMachine { $0.callees(of: steps).contains { self.core.endsSoon($0) } }
        if !endsSoon { self.slot.release() }
        self.core.hot.settleDown(self)
    }

    /// Waits to be resumed.
    private func sleep() async {
        await withCheckedContinuation { continuation in
            let mustSleep = self.state.withLock { state in
                guard state.machine.isAsleep, state.refusal == nil else { return false }
                state.sleeper = continuation
                return true
            }
            if !mustSleep { continuation.resume() }
        }
    }

    /// Ends the run's stay in memory; results that it had taken over are recorded on their own.
    func end() async {
        let orphans = self.withMachine { $0.end() }
        self.core.hot.remove(self)
        self.resume()
        for recording in orphans { await self.core.record(recording) }
    }

    /// The store has refused what the body did.
    private func refused(_ error: PenstockError) async {
        await self.end()
        switch error.code {
        case .leaseLost, .storeClosed, .storeUnavailable, .storeUnusable:
            // Somebody has changed the run or one of its steps, or nothing can be recorded. Should the run still be
            // held here, it begins again from its journal.
            await self.core.record(Recording([.settle(self.leased.lease, .release)]))
        default:
            // The same would be refused again.
            let record = self.leased.record
            let failure = Failure(.failed, pipeline: record.queue, message: "\(error)", attempts: record.attempt)
            await self.core.record(Recording([.settle(self.leased.lease, .fail(failure))]))
        }
    }

    private func diverge(_ divergence: Divergence) async {
        let record = self.leased.record
        let failure = Failure(
            .diverged,
            pipeline: record.queue,
            message: divergence.description,
            attempts: record.attempt,
            divergence: divergence
        )
        self.core.environment.report?(
            Notice(
                .error,
                """
                run '\(record.key)' of '\(record.queue)' is parked as diverged: \(divergence). Mend the code and \
                resume the run, or restart it
                """
            )
        )
        await self.core.record(Recording([.settle(self.leased.lease, .diverge(failure))]))
        await self.end()
    }

    /// The engine is going down and the body has heeded that: the run goes back to its queue as it was.
    func withdraw() async {
        guard self.withMachine({ $0.phase != .over }) else { return }
        await self.end()
        await self.core.record(Recording([.settle(self.leased.lease, .release)]))
    }

    /// The body has ended.
    func finish(_ conclusion: Conclusion) async {
        guard let recording = self.withMachine({ $0.finished(conclusion.operations) }) else {
            // A run that is over was parked as diverged already, if that is what ended it.
            let divergence = self.withMachine { $0.phase == .over ? nil : $0.divergence }
            if let divergence { await self.diverge(divergence) }
            return
        }
        self.core.hot.remove(self)
        await self.core.concludeRun(self.leased, conclusion, recording)
    }

    // MARK: Called by others

    /// Wakes the body's task to ask its machine again.
    func resume() {
        let sleeper = self.state.withLock { state in
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// A step of the run has ended in this process.
    func arrived(_ step: Int, _ outcome: RunMachine.Outcome, _ recording: Recording) -> RunMachine.Delivery {
        let delivery = self.withMachine { $0.arrived(step, outcome, recording) }
        if delivery == .taken(resume: true) { self.resume() }
        return delivery
    }

    /// There is news of some steps.
    /// - Returns: all steps of which there was news, and which have not been read yet.
    func mustHear(_ steps: Set<Int>) -> Set<Int> {
        self.state.withLock { state in
            state.unheard.formUnion(steps)
            return state.unheard
        }
    }

    /// Steps were settled from elsewhere, and have been read.
    /// - Returns: whether to resume the body.
    func heard(_ news: Int, _ steps: Set<Int>, _ settled: [ItemRecord]) -> Bool {
        self.state.withLock { state in
            state.unheard.subtract(steps)
            return state.machine.heard(news, settled: settled)
        }
    }

    /// The result of a step is durable.
    func recorded(_ step: Int, _ outcome: RunMachine.Outcome) {
        self.goOn(self.withMachine { $0.recorded(step, outcome) })
    }

    /// The result of a step was not recorded after all.
    func unrecorded(_ step: Int) {
        self.goOn(self.withMachine { $0.unrecorded(step) })
    }

    private func goOn(_ mustResume: Bool) {
        // While it heard of the step, it could not leave.
        if mustResume { self.resume() } else { self.core.hot.settleDown(self) }
    }

    /// Takes the run out of memory, if it only waits.
    /// - Returns: whether it left.
    func evict() async -> Bool {
        let lease = self.leased.lease
        while let (news, mustPark) = self.withMachine({ $0.leave() }) {
            // When that is refused, the run is somebody else's or the store is closed: there is nothing to give back.
            if mustPark { await self.core.record(Recording([.settle(lease, .park(news: news))])) }
            if await self.core.store.relinquish(lease, news: news) {
                await self.end()
                self.core.counters.evictions.add(1)
                return true
            }
            let (resumes, heard) = self.withMachine { ($0.stay(), $0.news) }
            if resumes {
                self.resume()
                return false
            }
            // News that has been heard meanwhile keeps nobody; of news that is still to come, the teller tries again.
            guard heard > news else { return false }
        }
        return false
    }
}

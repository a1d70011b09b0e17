import Penstock

/// A random life of one run: its state machine between a body, a store and the outside, without a task, a thread or a
/// clock.
///
/// Whatever happens in whatever order — results from here and from elsewhere, news that is late, a wish for its memory,
/// crashes — the body has to come to its end, every step has to run into its journal once, and a step whose end is
/// recorded must not be waited for.
public struct RunTrial {
    /// What the store has of the run.
    private struct Stored {
        var rows: [Int: ItemRecord] = [:]
        var isParked = false
        var isDone = false
        /// The wake-ups under the lease.
        var news = 0
    }

    /// What is under way between the machine and the store.
    private enum Errand {
        case commit([Operation])
        case record(step: Int, RunMachine.Outcome)
        case tell(news: Int, step: Int)
        case leave(news: Int, mustPark: Bool)

        var isNews: Bool { if case .tell = self { true } else { false } }
    }

    private let seed: UInt64
    private var generator: SeededGenerator
    private var stored = Stored()
    private var machine: RunMachine?
    private var body: Body
    private var errands: [Errand] = []
    private var token: Int64 = 0
    private var crashes = 0
    private var leaves = 0
    private let run = ItemID(root: 1)

    /// Draws a life.
    public init(seed: UInt64) {
        self.seed = seed
        self.generator = SeededGenerator(seed: seed)
        self.body = Body(seed: seed)
    }

    /// Lives it to its end.
    /// - Returns: how many things have happened.
    /// - Throws: ``TrialFailure`` when the run has stopped before its end, or a step was made twice.
    @discardableResult
    public mutating func live() throws -> Int {
        for count in 0..<10_000 {
            guard !self.stored.isDone else { return count }
            let choices = self.choices
            guard let choice = choices.randomElement(using: &self.generator) else {
                throw self.failure("nothing is left to happen, and the run has not ended")
            }
            try self.happen(choice)
        }
        throw self.failure("the run does not come to its end")
    }

    private func failure(_ message: String) -> TrialFailure {
        TrialFailure(seed: self.seed, cause: ConformanceFailure(message, file: #fileID, line: #line))
    }

    // MARK: What may happen next

    private enum Choice {
        case lease
        case compute
        case errand(Int)
        case endsHere(Int)
        case endsElsewhere(Int)
        case leave
        case crash
    }

    private var choices: [Choice] {
        // News is told in the order in which it came.
        let firstNews = self.errands.firstIndex(where: \.isNews)
        var choices: [Choice] = self.errands.indices.filter { !self.errands[$0].isNews || $0 == firstNews }
            .map { .errand($0) }
        for (step, row) in self.stored.rows.sorted(by: { $0.key < $1.key }) where !row.state.isSettled {
            choices += [.endsElsewhere(step)]
            if !self.isRecording(step) { choices += [.endsHere(step)] }
        }
        guard let machine else {
            if !self.stored.isParked { choices.append(.lease) }
            return choices
        }
        if !machine.isAsleep { choices.append(.compute) }
        if self.leaves < 4 { choices.append(.leave) }
        if self.crashes < 3 { choices.append(.crash) }
        return choices
    }

    private func isRecording(_ step: Int) -> Bool {
        self.errands.contains { errand in
            if case .record(step, _) = errand { true } else { false }
        }
    }

    private mutating func happen(_ choice: Choice) throws {
        switch choice {
        case .lease: self.lease()
        case .compute: try self.compute()
        case .errand(let place): try self.settle(self.errands.remove(at: place))
        case .endsHere(let step): self.endsHere(step)
        case .endsElsewhere(let step): self.endsElsewhere(step)
        case .leave:
            guard let (news, mustPark) = self.machine?.leave() else { return }
            self.leaves += 1
            self.errands.append(.leave(news: news, mustPark: mustPark))
        case .crash: try self.crash()
        }
    }

    // MARK: Happening

    private mutating func lease() {
        self.token += 1
        self.stored.news = 0
        let record = ItemRecord(
            id: self.run,
            number: 1,
            queue: "run",
            key: "one",
            due: .distantPast,
            created: .distantPast,
            digest: 7,
            payload: Payload(bytes: [])
        )
        let leased = LeasedItem(record: record, lease: LeaseReference(id: self.run, token: self.token))
        self.machine = RunMachine(leased, journal: self.stored.rows.values.sorted { $0.id < $1.id })
        self.body = Body(seed: self.seed)
    }

    /// The body computes until it waits or ends.
    private mutating func compute() throws {
        guard var machine = self.machine else { return }
        defer { self.machine = machine }
        while let wish = self.body.next(&machine) {
            switch machine.awaits(wish, endsSoon: { $0 == "brief" }) {
            case .proceed(let step, let outcome): self.body.hear(step, outcome)
            case .commit(let operations):
                self.errands.append(.commit(operations))
                return
            case .wait: return
            case .diverge(let divergence): throw self.failure("the replay differs: \(divergence)")
            case .stop: return
            }
        }
        guard let recording = machine.finished([]) else {
            throw self.failure("the journal has more than the body asks for")
        }
        try self.apply(recording.operations)
        self.stored.isDone = true
    }

    private mutating func settle(_ errand: Errand) throws {
        switch errand {
        case .commit(let operations):
            try self.apply(operations)
            _ = self.machine?.committed()
        case .record(let step, let outcome):
            // Refused when somebody else was faster.
            if self.end(step, outcome) {
                _ = self.machine?.recorded(step, outcome)
            } else {
                _ = self.machine?.unrecorded(step)
            }
        case .tell(let news, let step):
            guard let row = self.stored.rows[step] else { return }
            _ = self.machine?.heard(news, settled: [row])
        case .leave(let news, let mustPark):
            if mustPark, self.stored.news <= news { self.stored.isParked = true }
            guard self.stored.news == news else {
                _ = self.machine?.stay()
                return
            }
            let orphans = self.machine?.end() ?? []
            self.machine = nil
            // News of this lease concerns nobody any more.
            self.errands.removeAll(where: \.isNews)
            for orphan in orphans { try self.apply(orphan.operations, wakes: true) }
        }
    }

    /// A step has ended in the process that has the run.
    private mutating func endsHere(_ step: Int) {
        let outcome = RunMachine.Outcome.success(Payload(bytes: Array("\(step)".utf8)))
        let lease = LeaseReference(id: ItemID(root: 1, run: 1, step: step), token: 0)
        let recording = Recording([.settle(lease, .complete(Payload(bytes: Array("\(step)".utf8))))])
        switch self.machine?.arrived(step, outcome, recording) {
        case .taken: return
        case .record: self.errands.append(.record(step: step, outcome))
        case .cold, nil: if self.end(step, outcome) { self.wake(step) }
        }
    }

    /// A step was settled by somebody else.
    private mutating func endsElsewhere(_ step: Int) {
        if self.end(step, .success(Payload(bytes: Array("\(step)".utf8)))) { self.wake(step) }
    }

    /// The process dies: what is under way may have been done, and nobody hears of it.
    private mutating func crash() throws {
        self.crashes += 1
        for errand in self.errands where self.generator.next() % 2 == 0 {
            switch errand {
            case .commit(let operations): try self.apply(operations)
            case .record(let step, let outcome): _ = self.end(step, outcome)
            case .tell, .leave: break
            }
        }
        self.errands = []
        self.machine = nil
    }

    // MARK: The store

    private mutating func apply(_ operations: [Operation], wakes: Bool = false) throws {
        for operation in operations {
            switch operation {
            case .call(let step):
                guard self.stored.rows[step.id.step] == nil else {
                    throw self.failure("step \(step.id.step) is made twice")
                }
                self.stored.rows[step.id.step] = ItemRecord(
                    id: step.id,
                    number: Int64(step.id.step) + 1,
                    queue: step.queue,
                    key: step.id.key,
                    state: step.result == nil ? .ready : .completed,
                    due: .distantPast,
                    created: .distantPast,
                    digest: step.digest,
                    payload: step.payload,
                    result: step.result,
                    caller: self.run
                )
            case .settle(let lease, .complete(let result, _)):
                if self.end(lease.id.step, .success(result)), wakes { self.wake(lease.id.step) }
            case .settle(_, .park(let news)): if self.stored.news <= news { self.stored.isParked = true }
            default: break
            }
        }
    }

    /// Records the end of a step; `false` when it had ended.
    private mutating func end(_ step: Int, _ outcome: RunMachine.Outcome) -> Bool {
        guard let row = self.stored.rows[step], !row.state.isSettled, case .success(let result) = outcome else {
            return false
        }
        self.stored.rows[step]?.state = .completed
        self.stored.rows[step]?.result = result
        return true
    }

    private mutating func wake(_ step: Int) {
        self.stored.isParked = false
        guard self.machine != nil else { return }
        self.stored.news += 1
        self.errands.append(.tell(news: self.stored.news, step: step))
    }
}

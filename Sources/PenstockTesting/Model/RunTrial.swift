import Penstock

/// A random life of one run: its state machine between a body, a store and the outside, without a task, a thread or a
/// clock.
///
/// Whatever happens in whatever order — results from here and from elsewhere, news that is late, commits that fail or
/// whose answer is lost, a wish for its memory, crashes — the body has to come to its end, every step has to run into
/// its journal once, and a step whose end is recorded must not be waited for.
public struct RunTrial {
    /// What is under way between the machine and the store.
    private enum Errand {
        case commit([Operation])
        /// The run has heard that the step has ended, and waits for it to be durable.
        case record(step: Int, RunMachine.Outcome, [Operation])
        /// The results of a run that is over are recorded, one by one, and then it is released.
        case handBack([Recording])
        case tell(news: Int, step: Int)
        case leave(news: Int, mustPark: Bool)

        var isNews: Bool { if case .tell = self { true } else { false } }
    }

    private let seed: UInt64
    private var generator: SeededGenerator
    private var stored: Stored
    private var isDone = false
    private var machine: RunMachine?
    private var body: Body
    private var errands: [Errand] = []
    private var token: Int64 = 0
    private var crashes = 0
    private var leaves = 0
    private var losses = 0
    private let run = ItemID(root: 1)

    /// Draws a life.
    public init(seed: UInt64) {
        self.seed = seed
        self.generator = SeededGenerator(seed: seed)
        self.body = Body(seed: seed)
        self.stored = Stored(run: self.run)
    }

    /// Lives it to its end.
    /// - Returns: how many things have happened.
    /// - Throws: ``TrialFailure`` when the run has stopped before its end, or a step was made twice.
    @discardableResult
    public mutating func live() throws -> Int {
        for count in 0..<10_000 {
            guard !self.isDone else { return count }
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
        case commitFails(Int)
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
        if self.losses < 3 {
            choices += self.errands.indices.filter { if case .commit = self.errands[$0] { true } else { false } }
                .map { .commitFails($0) }
        }
        for (step, row) in self.stored.rows.sorted(by: { $0.key < $1.key }) where !row.state.isSettled {
            choices += [.endsElsewhere(step)]
            if !self.isRecording(step) { choices += [.endsHere(step)] }
        }
        guard let machine else {
            if self.stored.isReady { choices.append(.lease) }
            if self.crashes < 3, !self.errands.isEmpty { choices.append(.crash) }
            return choices
        }
        if !machine.isAsleep { choices.append(.compute) }
        if self.leaves < 4 { choices.append(.leave) }
        if self.crashes < 3 { choices.append(.crash) }
        return choices
    }

    private func isRecording(_ step: Int) -> Bool {
        self.errands.contains { errand in
            switch errand {
            case .record(step, _, _): true
            case .handBack(let recordings): recordings.contains { Self.ends(step, $0) }
            default: false
            }
        }
    }

    private static func ends(_ step: Int, _ recording: Recording) -> Bool {
        recording.operations.contains { operation in
            if case .settle(let lease, _) = operation { lease.id.step == step } else { false }
        }
    }

    private mutating func happen(_ choice: Choice) throws {
        switch choice {
        case .lease: self.lease()
        case .compute: if let end = try self.compute() { try self.finish(end) }
        case .errand(let place): try self.settle(self.errands.remove(at: place))
        case .commitFails(let place): try self.fail(self.errands.remove(at: place))
        case .endsHere(let step): try self.endsHere(step)
        case .endsElsewhere(let step): try self.apply(Self.ending(step).operations)
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
        self.stored.lease(self.token)
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
    /// - Returns: how it ended, if it did.
    private mutating func compute() throws -> Recording? {
        guard var machine = self.machine else { return nil }
        defer { self.machine = machine }
        while let wish = self.body.next(&machine) {
            switch machine.awaits(wish, endsSoon: { $0 == "brief" }) {
            case .proceed(let step, let outcome): self.body.hear(step, outcome)
            case .commit(let operations):
                self.errands.append(.commit(operations))
                return nil
            case .wait: return nil
            case .diverge(let divergence): throw self.failure("the replay differs: \(divergence)")
            case .stop: return nil
            }
        }
        guard let recording = machine.finished([]) else {
            throw self.failure("the journal has more than the body asks for")
        }
        return recording
    }

    private mutating func finish(_ recording: Recording) throws {
        if !recording.parts.isEmpty, self.losses < 3, self.generator.next() % 4 == 0 {
            // One of the results is somebody else's by now.
            self.losses += 1
            return self.handBack(recording.parts)
        }
        try self.apply(recording.operations)
        self.isDone = true
    }

    private mutating func settle(_ errand: Errand) throws {
        switch errand {
        case .commit(let operations):
            try self.apply(operations)
            _ = self.machine?.committed()
        case .record(let step, let outcome, let operations):
            // In vain when somebody else was faster.
            let isOpen = self.stored.rows[step]?.state.isSettled == false
            try self.apply(operations)
            _ = isOpen ? self.machine?.recorded(step, outcome) : self.machine?.unrecorded(step)
        case .handBack(var recordings):
            guard !recordings.isEmpty else { return self.stored.release() }
            try self.apply(recordings.removeFirst().operations)
            self.errands.append(.handBack(recordings))
        case .tell(let news, let step):
            guard let row = self.stored.rows[step] else { return }
            _ = self.machine?.heard(news, settled: [row])
        case .leave(let news, let mustPark):
            if mustPark { self.stored.park(at: news) }
            guard self.stored.news == news else {
                _ = self.machine?.stay()
                return
            }
            guard let orphans = self.machine?.end(), orphans.isEmpty else {
                throw self.failure("a run leaves that has results to record")
            }
            self.stored.giveUp()
            self.leaveMemory()
        }
    }

    /// A commit fails; it may have been done all the same.
    private mutating func fail(_ errand: Errand) throws {
        guard case .commit(let operations) = errand else { return }
        self.losses += 1
        if self.generator.next() % 2 == 0 { try self.apply(operations) }
        self.handBack(self.machine?.end() ?? [])
    }

    private mutating func handBack(_ recordings: [Recording]) {
        self.leaveMemory()
        self.errands.append(.handBack(recordings))
    }

    private mutating func leaveMemory() {
        self.machine = nil
        // News of this lease concerns nobody any more.
        self.errands.removeAll(where: \.isNews)
    }

    /// A step has ended in the process that has the run.
    private mutating func endsHere(_ step: Int) throws {
        let recording = Self.ending(step)
        switch self.machine?.arrived(step, Self.outcome(of: step), recording) {
        case .taken: return
        case .record:
            let heard = recording.heard(
                of: ItemID(root: 1, run: 1, step: step),
                by: LeaseReference(id: self.run, token: self.token)
            )
            self.errands.append(.record(step: step, Self.outcome(of: step), heard.operations))
        case .cold, nil: try self.apply(recording.operations)
        }
    }

    private static func outcome(of step: Int) -> RunMachine.Outcome {
        .success(Payload(bytes: Array("\(step)".utf8)))
    }

    /// What records the end of a step, and wakes the run.
    private static func ending(_ step: Int) -> Recording {
        let lease = LeaseReference(id: ItemID(root: 1, run: 1, step: step), token: 0)
        return Recording([.settle(lease, .complete(Payload(bytes: Array("\(step)".utf8))))])
    }

    /// The process dies: what is under way may have been done, and nobody hears of it.
    private mutating func crash() throws {
        self.crashes += 1
        let errands = self.errands
        self.leaveMemory()
        for errand in errands where self.generator.next() % 2 == 0 {
            switch errand {
            case .commit(let operations), .record(_, _, let operations): try self.apply(operations)
            case .handBack(let recordings): if let first = recordings.first { try self.apply(first.operations) }
            case .tell, .leave: break
            }
        }
        self.errands = []
        self.stored.giveUp()
    }

    /// Applies a transaction, and tells the run what it has to hear.
    private mutating func apply(_ operations: [Operation]) throws {
        do throws(Stored.MadeTwice) {
            let news = try self.stored.apply(operations)
            guard self.machine != nil else { return }
            self.errands += news.map { .tell(news: $0.count, step: $0.step) }
        } catch {
            throw self.failure("step \(error.step) is made twice")
        }
    }
}

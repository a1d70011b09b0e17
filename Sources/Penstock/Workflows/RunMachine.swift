/// What one run does next: the state machine of durable execution, without a thread, a clock or a store.
///
/// The workflow's body tells it what it calls and what it waits for; the engine tells it what was committed and what
/// has arrived. It answers with what to commit and when to go on. The picture is in `docs/architecture.md`.
///
/// Three rules keep a run consistent with its journal at every instant:
/// - An activation is committed only when the body waits for a step that is open, with nothing under way. So a
///   journal always ends where the run parked, and whatever will wake the run has yet to be recorded.
/// - A result that the body waits for is recorded by the same transaction as what the body did with it.
/// - A result that is not handed in after all wakes the run, as if nobody had heard of it. So a run that is parked has
///   something that will wake it, wherever its process dies.
package struct RunMachine {
    /// What a step ended with.
    package typealias Outcome = Result<Payload, Failure>

    enum Step {
        /// To be inserted by the next commit.
        case issued
        /// In the journal, not settled.
        case open
        /// Settled, and somebody else is committing that.
        case recording
        /// Settled, and as durable as whatever the run does next.
        case settled(Outcome)
    }

    /// A result that the run records together with what it does next.
    struct Taken {
        let step: Int
        let recording: Recording
    }

    enum Phase: Equatable {
        /// The body computes.
        case computing
        /// The body waits for one of these steps, and what it did before is being committed.
        case committing([Int])
        /// The body waits for one of these steps.
        case waiting([Int])
        /// As above, and the engine is taking the run out of memory.
        case leaving([Int])
        /// Nothing that the body does matters any more.
        case over
    }

    let id: ItemID
    let number: Int64
    let lease: LeaseReference
    var phase = Phase.computing
    var steps: [Int: Step] = [:]
    /// Whom the steps call that have not ended.
    var callees: [Int: String] = [:]
    /// Recorded steps that the body has not asked for yet.
    var journal: [Int: ItemRecord]
    var nextStep = 1
    /// The digest of everything that the body has called so far.
    private var chain: UInt64
    /// What the body did since the last commit.
    var operations: [Operation] = []
    /// What records the results that the body has been given since then, each as if nobody had heard of it: should
    /// the run not hand them in, whoever records one wakes the run.
    var taken: [Taken] = []
    /// The same for the commit that is under way.
    var handedIn: [Taken] = []
    /// The steps among them.
    var issued: [Int] = []
    /// Whether the row says that the run is parked.
    var isParked = false
    /// Whether the store knows that nobody is at work on the run while it waits.
    var isAtRest = false
    /// How many wake-ups had been seen when the commit under way asked to park, if it did.
    var parking: Int?
    /// How many wake-ups have been seen.
    var news: Int
    /// How many steps were answered from the journal.
    package private(set) var replayed = 0
    /// What the replay found to differ, if it did.
    package private(set) var divergence: Divergence?

    package init(_ leased: LeasedItem, journal: [ItemRecord]) {
        self.id = leased.record.id
        self.number = leased.record.number
        self.lease = leased.lease
        self.news = leased.news
        self.chain = leased.record.digest
        // A step that is there twice is one row too many of a store that is damaged; the digests tell which is right.
        self.journal = Dictionary(journal.map { ($0.id.step, $0) }) { first, _ in first }
    }

    /// The number that the next step will have.
    package var stepNumber: Int { self.nextStep }

    /// Whether the body has nothing to do before something happens.
    package var isAsleep: Bool {
        switch self.phase {
        case .committing, .waiting, .leaving: true
        case .computing, .over: false
        }
    }

    // MARK: What the body does

    /// The body calls a pipeline.
    /// - Returns: the number of the step; `nil` when the run is over or has just been found to diverge.
    package mutating func issued(_ call: Call) -> Int? {
        guard let (step, recorded) = self.advance(call) else { return nil }
        if let recorded {
            // What has become of it since the journal was read is known already.
            if self.steps[step] == nil { self.steps[step] = recorded.outcome.map { .settled($0) } ?? .open }
        } else {
            self.operations.append(.call(self.row(step, call, result: nil)))
            self.steps[step] = .issued
            self.issued.append(step)
        }
        self.callees[step] = call.callee
        return step
    }

    /// The body asks for a value that is not computed, such as the time; `make` makes it, the first time.
    package mutating func recorded(_ call: Call, make: () -> Payload) -> Payload? {
        guard let (step, recorded) = self.advance(call) else { return nil }
        if let recorded { return recorded.result }
        let value = make()
        self.operations.append(.call(self.row(step, call, result: value)))
        return value
    }

    /// The body is about to ask for a value: what the journal has for it, if this is a replay that has got no further.
    package mutating func replayedValue(_ call: Call) -> Payload? {
        guard !self.journal.isEmpty else { return nil }
        return self.recorded(call) { Payload(bytes: []) }
    }

    /// Takes the next step, and what the journal has for it.
    private mutating func advance(_ call: Call) -> (Int, ItemRecord?)? {
        guard self.phase != .over, self.divergence == nil else { return nil }
        let step = self.nextStep
        self.nextStep += 1
        self.chain = call.digest(after: self.chain)
        if let recorded = self.journal.removeValue(forKey: step) {
            guard recorded.queue == call.callee, recorded.digest == self.chain else {
                self.diverged(step: step, recorded: recorded, now: call)
                return nil
            }
            self.replayed += 1
            return (step, recorded)
        }
        guard self.journal.isEmpty else {
            self.diverged(step: step, recorded: nil, now: call)
            return nil
        }
        return (step, nil)
    }

    func step(_ step: Int) -> ItemID { ItemID(root: self.id.root, run: self.number, step: step) }

    private func row(_ step: Int, _ call: Call, result: Payload?) -> NewStep {
        NewStep(
            id: self.step(step),
            caller: self.id,
            queue: call.callee,
            payload: call.argument,
            digest: self.chain,
            result: result
        )
    }

    private mutating func diverged(step: Int, recorded: ItemRecord?, now: Call?) {
        self.divergence = Divergence(
            step: step,
            recorded: recorded.map { .init(callee: $0.queue, argument: $0.payload.text) },
            now: now.map { .init(callee: $0.callee, argument: $0.argument.text) },
            source: now?.source
        )
    }

    /// What the body that waits for a step should do.
    package enum Waiting {
        /// Go on: this step has ended.
        case proceed(step: Int, Outcome)
        /// Commit this, report it with ``committed()``, and ask again.
        case commit([Operation])
        /// Wait to be resumed, and ask again.
        case wait
        /// Park the run as diverged.
        case diverge(Divergence)
        /// Stop: the run is over.
        case stop
    }

    /// The body waits for the first of some steps to end.
    ///
    /// `endsSoon` tells of a pipeline, by its name, whether what it was called for ends by itself, here and now. For
    /// that a run only rests; to park, for as long as it may take, it has to write into its row.
    package mutating func awaits(_ wanted: [Int], endsSoon: (_ callee: String) -> Bool = { _ in false }) -> Waiting {
        guard self.phase != .over else { return .stop }
        if let divergence = self.divergence { return .diverge(divergence) }
        for step in wanted {
            if case .settled(let outcome) = self.steps[step] {
                self.phase = .computing
                return .proceed(step: step, outcome)
            }
        }
        let isUnderWay = wanted.contains { if case .recording = self.steps[$0] { true } else { false } }
        if !isUnderWay {
            if let unasked = self.journal.min(by: { $0.key < $1.key }) {
                self.diverged(step: unasked.key, recorded: unasked.value, now: nil)
                return self.divergence.map { .diverge($0) } ?? .stop
            }
            let isBrief = wanted.contains { self.callees[$0].map(endsSoon) ?? false }
            let mustPark = !self.isParked && !isBrief
            let mustRest = !self.isParked && !self.isAtRest
            if !self.operations.isEmpty || !self.taken.isEmpty || mustPark || mustRest {
                self.phase = .committing(wanted)
                self.parking = mustPark ? self.news : nil
                // Under its lease in any case: whoever has lost the run adds nothing to its journal.
                let wait = mustPark ? Settlement.park(news: self.news) : .rest
                return .commit(self.handIn(before: .settle(self.lease, wait)))
            }
        }
        self.phase = .waiting(wanted)
        return .wait
    }

    /// Everything that the next commit is to do, in order: what arrived, then what the body made of it, then `last`.
    private mutating func handIn(before last: Operation?) -> [Operation] {
        var operations: [Operation] = []
        operations.reserveCapacity(self.taken.count + self.operations.count + 1)
        for taken in self.taken {
            operations += taken.recording.heard(of: self.step(taken.step), by: self.lease).operations
        }
        operations += self.operations
        if let last { operations.append(last) }
        self.handedIn = self.taken
        self.taken = []
        self.operations.removeAll(keepingCapacity: true)
        return operations
    }

    /// The body no longer needs the result of a step that it has seen.
    package mutating func forget(_ step: Int) {
        self.steps[step] = nil
        self.callees[step] = nil
    }

    /// The body has ended.
    /// - Returns: what to commit; `nil` when the run is over or diverged, and there is nothing to commit.
    package mutating func finished(_ settlement: [Operation]) -> Recording? {
        guard self.phase != .over, self.divergence == nil else { return nil }
        if let unasked = self.journal.min(by: { $0.key < $1.key }) {
            self.diverged(step: unasked.key, recorded: unasked.value, now: nil)
            return nil
        }
        self.phase = .over
        // Structured: what was started and not awaited does not outlive the run.
        let abandoned = self.steps.keys.sorted().compactMap { step -> Operation? in
            switch self.steps[step] {
            case .issued, .open: .abandon(self.step(step))
            case .recording, .settled, nil: nil
            }
        }
        let parts = self.taken.map(\.recording)
        return Recording(self.handIn(before: nil) + settlement + abandoned, parts: parts, run: self.lease)
    }
}

extension ItemRecord {
    /// What the item ended with; `nil` when it has not.
    package var outcome: RunMachine.Outcome? {
        switch self.state {
        case .ready, .parked, .diverged: nil
        case .completed: .success(self.result ?? Payload(bytes: Array("null".utf8)))
        case .failed, .cancelled:
            .failure(
                self.failure
                    ?? Failure(.failed, pipeline: self.queue, message: "the failure that was kept does not decode")
            )
        }
    }
}

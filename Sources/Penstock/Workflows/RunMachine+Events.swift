/// What the engine reports to the machine: commits, results, news, and the wish for its memory.
extension RunMachine {
    /// What ``awaits(_:)`` asked to commit is durable.
    /// - Returns: whether to resume the body, because what it waits for has arrived meanwhile.
    package mutating func committed() -> Bool {
        guard case .committing(let wanted) = self.phase else { return false }
        for step in self.issued {
            // A step may have ended before whoever committed it heard of that.
            if case .issued = self.steps[step] { self.steps[step] = .open }
        }
        self.issued.removeAll(keepingCapacity: true)
        self.handedIn = []
        // When news has come meanwhile, the store has not parked the run.
        if let parking = self.parking { self.isParked = parking == self.news }
        self.isAtRest = true
        let isThere = wanted.contains { self.isSettled($0) }
        self.phase = isThere ? .computing : .waiting(wanted)
        return isThere
    }

    /// What becomes of a result that has arrived.
    package enum Delivery: Equatable {
        /// The run records it, together with what it does next. Resume the body if it is `true`.
        case taken(resume: Bool)
        /// Record it now, and report that with ``recorded(_:_:)``: the body waits for something else.
        case record
        /// The run is not in memory, or knows better: record it, and wake the run.
        case cold
    }

    /// A step has ended here; `recording` records it, and wakes the run.
    package mutating func arrived(_ step: Int, _ outcome: Outcome, _ recording: Recording) -> Delivery {
        // Whoever brings it has lost the step, and somebody else has settled it.
        if self.isSettled(step) { return .cold }
        switch self.phase {
        case .over, .leaving: return .cold
        case .committing(let wanted) where wanted.contains(step):
            self.take(step, outcome, recording)
            return .taken(resume: false)
        case .waiting(let wanted) where wanted.contains(step):
            self.take(step, outcome, recording)
            self.phase = .computing
            return .taken(resume: true)
        case .computing, .committing, .waiting:
            self.steps[step] = .recording
            return .record
        }
    }

    private func isSettled(_ step: Int) -> Bool {
        if case .settled = self.steps[step] { return true }
        return self.steps[step] == nil && self.journal[step]?.outcome != nil
    }

    private mutating func take(_ step: Int, _ outcome: Outcome, _ recording: Recording) {
        self.steps[step] = .settled(outcome)
        self.taken.append(Taken(step: step, recording: recording))
    }

    /// The result of a step is durable.
    /// - Returns: whether to resume the body.
    package mutating func recorded(_ step: Int, _ outcome: Outcome) -> Bool {
        switch self.steps[step] {
        // A step may be settled from elsewhere before the run hears that its call is durable.
        case .issued, .open, .recording: self.steps[step] = .settled(outcome)
        // A replay that has not come to the step yet, and has it as open, is to find its result.
        case nil where self.journal[step] != nil: self.steps[step] = .settled(outcome)
        case .settled, nil: return false
        }
        guard case .waiting(let wanted) = self.phase, wanted.contains(step) else { return false }
        self.phase = .computing
        return true
    }

    /// A result that was to be recorded was not: somebody else has settled the step, and news of it will come, or the
    /// store was closed.
    ///
    /// - Returns: whether to resume the body, which may have put off its commit until the step was recorded.
    package mutating func unrecorded(_ step: Int) -> Bool {
        guard case .recording = self.steps[step] else { return false }
        self.steps[step] = .open
        guard case .waiting(let wanted) = self.phase, wanted.contains(step) else { return false }
        self.phase = .computing
        return true
    }

    /// Steps were settled from elsewhere; `settled` is what the journal says of them.
    /// - Returns: whether to resume the body.
    package mutating func heard(_ news: Int, settled: [ItemRecord]) -> Bool {
        self.news = max(self.news, news)
        // Whoever settled the step has made the run ready, so that a crash from here on wakes it.
        self.isParked = false
        var resumes = false
        for record in settled {
            if let outcome = record.outcome, self.recorded(record.id.step, outcome) { resumes = true }
        }
        return resumes
    }

    /// The names of the pipelines behind some steps that have not ended.
    package func callees(of steps: [Int]) -> [String] {
        steps.compactMap { self.callees[$0] }
    }

    /// The engine wants the run's memory.
    /// - Returns: how many wake-ups the run has seen, and whether it has to be parked before it goes; `nil` when it
    ///   cannot leave now.
    package mutating func leave() -> (news: Int, mustPark: Bool)? {
        guard case .waiting(let wanted) = self.phase, self.operations.isEmpty, self.taken.isEmpty else {
            return nil
        }
        // Nobody but this machine hears of a step whose end is being recorded.
        let isHearing = self.steps.values.contains { if case .recording = $0 { true } else { false } }
        guard !isHearing else { return nil }
        self.phase = .leaving(wanted)
        return (self.news, !self.isParked)
    }

    /// The store would not take the run back, because it has news.
    /// - Returns: whether to resume the body, because the news has been heard already.
    package mutating func stay() -> Bool {
        guard case .leaving(let wanted) = self.phase else { return false }
        let isThere = wanted.contains { self.isSettled($0) }
        self.phase = isThere ? .computing : .waiting(wanted)
        return isThere
    }

    /// Nothing that the body does matters any more.
    /// - Returns: what records the results that had been taken over, to be recorded on their own.
    package mutating func end() -> [Recording] {
        self.phase = .over
        defer { (self.operations, self.taken, self.handedIn) = ([], [], []) }
        return (self.handedIn + self.taken).map(\.recording)
    }
}

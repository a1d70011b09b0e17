/// An operation and its instants.
struct TimedOperation<Operation: Hashable> {
    let operation: Operation
    let invoked: Int64
    /// `nil` when nobody knows its outcome: it may be done at any time from then on, or never.
    let returned: Int64?
    /// From when on it cannot be done any more of which nobody knows the outcome; `nil` when nobody knows that either.
    var goneBy: Int64?
}

/// What is known of a history before it is searched: which answer comes when, and what is open then.
struct SearchPlan<Operation: Hashable> {
    /// In the order of their calls.
    let operations: [TimedOperation<Operation>]
    /// The operations that have an answer, in the order of their answers.
    let answers: [Int]
    /// For each answer, the operations with an answer that are open at it.
    private let open: [[Int]]
    /// The operations without an answer, in the order of their calls; and for each the one before that asks the same.
    private let unanswered: [Int]
    private let twins: [Int: Int]

    init(_ operations: [TimedOperation<Operation>]) {
        self.operations = operations
        let calls = operations.indices.filter { operations[$0].returned != nil }
        let answers = calls.sorted { (operations[$0].returned ?? 0, $0) < (operations[$1].returned ?? 0, $1) }
        self.answers = answers
        var ranks: [Int: Int] = [:]
        for (rank, place) in answers.enumerated() { ranks[place] = rank }
        var (next, isOpen): (Int, [Int]) = (0, [])
        self.open = answers.indices.map { rank in
            let instant = operations[answers[rank]].returned ?? 0
            while next < calls.count, operations[calls[next]].invoked <= instant {
                isOpen.append(calls[next])
                next += 1
            }
            isOpen.removeAll { ranks[$0, default: 0] < rank }
            return isOpen
        }
        self.unanswered = operations.indices.filter { operations[$0].returned == nil }
        var (twins, last): ([Int: Int], [Operation: Int]) = ([:], [:])
        for place in self.unanswered { twins[place] = last.updateValue(place, forKey: operations[place].operation) }
        self.twins = twins
    }

    /// The instant of the answer with a number.
    func instant(of rank: Int) -> Int64 { self.operations[self.answers[rank]].returned ?? .max }

    /// The operations with a later answer than `rank` that may be done before it, but for those that were.
    func open(at rank: Int, without early: [Int]) -> [Int] {
        self.open[rank].filter { $0 != self.answers[rank] && !early.contains($0) }
    }

    /// The operations without an answer that may be done before the answer `rank`, when those in `done` were, and the
    /// last call of all that was done came at `latest`.
    func unanswered(at rank: Int, without done: [Int], after latest: Int64) -> [Int] {
        let instant = self.instant(of: rank)
        func isGone(_ place: Int) -> Bool { self.operations[place].goneBy.map { $0 < latest } ?? false }
        return self.unanswered.prefix { self.operations[$0].invoked <= instant }.filter { place in
            guard !isGone(place), !done.contains(place) else { return false }
            // Of several that ask the same the first may as well be the one that was done.
            return self.twins[place].map { isGone($0) || done.contains($0) } ?? true
        }
    }
}

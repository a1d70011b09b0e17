/// Looks for an order of operations in which each is done between its call and its answer, and all answers are those
/// of a sequential model.
///
/// It is the search of Wing and Gong ("Testing and verifying concurrent objects", Journal of Parallel and Distributed
/// Computing 17, 1993) as Lowe has improved it ("Testing for linearizability", Concurrency and Computation: Practice
/// and Experience 29, 2017): configurations that were seen are not looked at again, operations are put in order just
/// in time for the first answer that is missing, and the history of each object is searched by itself, which is
/// enough, since linearizability is local (Herlihy and Wing, "Linearizability", ACM TOPLAS 12, 1990).
///
/// A configuration is how many answers were accounted for, which other operations were done before their answers, and
/// the state after that. So with `r` answers, at most `c` operations at once, `u` operations whose outcome nobody knows
/// and `s` states there are at most `r * 2^(c + u) * s` of them, and each tries `c + u` operations. Histories that are
/// linearizable need little more than one for each answer; a budget ends what would take too long.
struct LinearizabilitySearch<Model: SequentialModel> {
    typealias Timed = TimedOperation<Model.Operation>

    /// What was found.
    enum Verdict {
        case linearizable
        case violated(Violation)
        /// The budget was not enough.
        case undecided
    }

    /// The shortest beginning of a history that has no order.
    struct Violation {
        /// The operation whose answer ends it, by its place among the operations.
        let last: Int
        /// The states that were possible before that answer, and that it fits none of.
        let states: [Model.State]
        /// The operations that matter, in the order of their calls: those before them left one state only.
        let operations: [Int]
        /// That state.
        let before: Model.State
    }

    /// What has been put in order, but for operations without an answer.
    private struct Configuration: Hashable {
        /// How many answers were accounted for.
        var rank: Int
        /// The operations that were done and whose answer comes later, in order of their places.
        var early: [Int] = []
        var state: Model.State
    }

    /// A configuration, and how it was come to.
    private struct Path {
        var configuration: Configuration
        /// The operations without an answer that were done, in order of their places.
        var supposed: [Int] = []
        /// When the last of all that was done was called.
        var latest = Int64.min
    }

    /// What is still to be looked at.
    private enum Frame {
        case whole(Path)
        /// What follows from doing another operation before the one whose answer is awaited: one that has an answer.
        case open(Path)
        /// One that has none.
        case unanswered(Path)
    }

    /// A path on which an answer was just accounted for.
    private struct Entry {
        let path: Path
        /// Whether there is no other state with as many answers.
        var isCertain = true
    }

    private let model: Model
    private let plan: SearchPlan<Model.Operation>
    private var agenda = SearchAgenda<Frame>()
    /// By the number of answers.
    private var entries: [Entry] = []
    /// For each configuration, what was supposed on the paths to it.
    private var seen: [Configuration: [[Int]]] = [:]

    /// How many configurations were looked at.
    private(set) var visited = 0

    /// Prepares the search of a history; its operations are in the order of their calls.
    init(_ model: Model, _ operations: [Timed]) {
        self.model = model
        self.plan = SearchPlan(operations)
    }

    /// Searches, looking at no more than `budget` configurations.
    mutating func run(from start: Model.State, budget: Int) -> Verdict {
        let beginning = Path(configuration: Configuration(rank: 0, state: start))
        self.entries = [Entry(path: beginning)]
        self.add(.whole(beginning), beginning)
        while let frame = self.agenda.next() {
            switch frame {
            case .whole(let path):
                guard self.isNew(path) else { continue }
                self.visited += 1
                guard path.configuration.rank < self.plan.answers.count else { return .linearizable }
                guard self.visited < budget else { return .undecided }
                self.expand(path)
            case .open(let path):
                let (rank, early) = (path.configuration.rank, path.configuration.early)
                for place in self.plan.open(at: rank, without: early) { self.apply(place, to: path) }
            case .unanswered(let path):
                let rank = path.configuration.rank
                for place in self.plan.unanswered(at: rank, without: path.supposed, after: path.latest).reversed() {
                    self.apply(place, to: path)
                }
            }
        }
        return .violated(self.violation)
    }

    private mutating func add(_ frame: Frame, _ path: Path, supposing more: Int = 0) {
        self.agenda.add(frame, answers: path.configuration.rank, supposed: path.supposed.count + more)
    }

    /// Whether nothing is known yet of what may follow.
    ///
    /// When less was supposed on another path to the same, all that may be done from here may be done from there.
    private mutating func isNew(_ path: Path) -> Bool {
        let others = self.seen[path.configuration, default: []]
        guard !others.contains(where: { $0.isContained(in: path.supposed) }) else { return false }
        self.seen[path.configuration] = others.filter { !path.supposed.isContained(in: $0) } + [path.supposed]
        return true
    }

    /// Accounts for the answer that is awaited; what else may be done before comes later, if that leads nowhere.
    private mutating func expand(_ path: Path) {
        let awaited = self.plan.answers[path.configuration.rank]
        guard let place = path.configuration.early.firstIndex(of: awaited) else {
            self.add(.unanswered(path), path, supposing: 1)
            self.add(.open(path), path)
            return self.apply(awaited, to: path)
        }
        var next = path
        next.configuration.early.remove(at: place)
        self.enter(&next)
    }

    /// Adds what comes of doing an operation next; what is looked at first comes last.
    private mutating func apply(_ place: Int, to path: Path) {
        let rank = path.configuration.rank
        let timed = self.plan.operations[place]
        for state in self.model.closure(of: path.configuration.state, at: self.plan.instant(of: rank)).reversed() {
            for successor in self.model.successors(of: state, by: timed.operation).reversed() {
                var next = path
                next.configuration.state = successor
                next.latest = max(next.latest, timed.invoked)
                if place == self.plan.answers[rank] {
                    self.enter(&next)
                } else {
                    if timed.returned == nil {
                        next.supposed.insert(inOrder: place)
                    } else {
                        next.configuration.early.insert(inOrder: place)
                    }
                    self.add(.whole(next), next)
                }
            }
        }
    }

    /// Adds a path on which the answer that was awaited is accounted for.
    private mutating func enter(_ path: inout Path) {
        path.configuration.rank += 1
        let rank = path.configuration.rank
        if rank == self.entries.count {
            self.entries.append(Entry(path: path))
        } else if self.entries[rank].path.configuration.state != path.configuration.state {
            self.entries[rank].isCertain = false
        }
        self.add(.whole(path), path)
    }

    /// An account of all configurations of a history that has no order.
    private var violation: Violation {
        let rank = self.entries.count - 1
        let end = self.plan.instant(of: rank)
        // The last answer after which there was only one state that it could be in.
        let certain = self.entries.last { $0.isCertain }?.path ?? self.entries[0].path
        let (beginning, early) = (self.plan.answers[..<certain.configuration.rank], certain.configuration.early)
        let done = Set(beginning).union(early).union(certain.supposed)
        let relevant = self.plan.operations.indices.filter { place in
            !done.contains(place) && self.plan.operations[place].invoked <= end
        }
        var states: [Model.State] = []
        for configuration in self.seen.keys where configuration.rank == rank && !states.contains(configuration.state) {
            states.append(configuration.state)
        }
        return Violation(
            last: self.plan.answers[rank],
            states: states,
            operations: relevant,
            before: certain.configuration.state
        )
    }
}

extension [Int] {
    /// Adds a number to others that are in order.
    fileprivate mutating func insert(inOrder number: Int) {
        self.insert(number, at: self.lastIndex { $0 < number }.map { $0 + 1 } ?? 0)
    }

    /// Whether all of these are among others; both are in order.
    fileprivate func isContained(in others: [Int]) -> Bool {
        guard self.count <= others.count else { return false }
        var next = 0
        for number in others where next < self.count && self[next] == number { next += 1 }
        return next == self.count
    }
}

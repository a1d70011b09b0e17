#if canImport(Glibc)
import Glibc
#endif

/// F1: processes that work are killed at random moments, while they open the store as well as in the midst of the work.
struct RandomKill: Scenario {
    let number = "F1"
    let title = "kill -9 at random moments"
    let unit = "kills"
    let counts = (short: 200, long: 10_000)

    /// How many processes work on one store before it is looked through: it would grow without end otherwise.
    private static let lives = 100

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var times = Times()
        var orders = 0
        let start = ContinuousClock.now
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let path = try "\(trial.newFolder("store"))/app.db"
            let mixed = Mixed(path: path, trial: trial)
            let kills = min(Self.lives, trial.count - outcome.count)
            var killed: ContinuousClock.Instant?
            for _ in 0..<kills {
                let child = try mixed.start()
                // Half of them hardly get to open the store, and the others get some way.
                let life = Duration.milliseconds(trial.random(below: trial.random(below: 2) == 0 ? 40 : 250))
                if let time = try Self.listen(to: child, for: life, since: killed) { times.add(time) }
                killed = .now
                child.kill()
            }
            outcome.count += kills
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        let perSecond = Double(outcome.count) / (ContinuousClock.now - start).seconds
        outcome.figure =
            "\(Report.words(orders)) orders; kill to next result: \(times.words); \(Int(perSecond)) kills a second."
        return outcome
    }

    /// Listens to a process for so long.
    /// - Returns: when the first order ended, counted from the last kill.
    private static func listen(
        to child: ChildProcess,
        for life: Duration,
        since killed: ContinuousClock.Instant?
    ) throws -> Duration? {
        let end = ContinuousClock.now + life
        var first: Duration?
        while true {
            switch child.news(within: ContinuousClock.now.duration(to: end)) {
            case .nothing: return first
            case .end: throw Unexpected("a process ended by itself")
            case .line(let line):
                if line.hasPrefix("error") { throw Unexpected(line) }
                if line.hasPrefix("order"), first == nil, let killed { first = killed.duration(to: .now) }
            }
        }
    }
}

/// A store on which processes work on the mixed workload.
struct Mixed {
    let path: String
    let log: String

    init(path: String, trial: Trial) {
        self.path = path
        self.log = "\(trial.folder)/log"
    }

    /// Starts a process that works without end, or until there are so many orders and all have ended.
    func start(orders: Int = 0, _ options: [String] = [], under wrapper: [String] = []) throws -> ChildProcess {
        try ChildProcess([MixedWorker.name, self.path, "\(orders)"] + options, under: wrapper, log: self.log)
    }

    /// Has everything that was ordered brought to its end, and looks the store through.
    /// - Returns: what is wrong with it, and how many orders there were.
    func finish() async throws -> (problems: [String], orders: Int) {
        let orders = try await StoreCheck.orders(path: self.path)
        // A store to which nobody came has no table of the user's yet.
        let last = try self.start(orders: max(orders, 1))
        try last.line("all")
        guard try last.exit() == .code(WorkerExit.done) else {
            return (["the last process did not end well"], orders)
        }
        let count = try await StoreCheck.orders(path: self.path)
        return (try await StoreCheck.problems(path: self.path, orders: count), count)
    }
}

extension Duration {
    /// Seconds, for figures.
    var seconds: Double { Double(self.microseconds) / 1e6 }
}

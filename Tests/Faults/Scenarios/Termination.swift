import Penstock
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// F13: processes are asked to end at random times.
///
/// That is never worse than being killed.
struct Termination: Scenario {
    let number = "F13"
    let title = "SIGTERM at random times"
    let unit = "ends"
    let counts = (short: 60, long: 1000)

    private static let lives = 50

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var (ends, starts, orders) = (Times(), Times(), 0)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let mixed = Mixed(path: "\(try trial.newFolder("store"))/app.db", trial: trial)
            for _ in 0..<min(Self.lives, trial.count - outcome.count) {
                let child = try mixed.start()
                let started = ContinuousClock.now
                try child.line("open")
                let life = ContinuousClock.now + .microseconds(trial.random(below: 50_000))
                var isFirst = true
                while case .line(let line) = child.news(within: ContinuousClock.now.duration(to: life)) {
                    guard line.hasPrefix("order") else { throw Unexpected(line) }
                    if isFirst { starts.add(started.duration(to: .now)) }
                    isFirst = false
                }
                let asked = ContinuousClock.now
                child.signal(SIGTERM)
                try child.line("drained")
                let exit = try child.exit()
                ends.add(asked.duration(to: .now))
                if exit != .code(WorkerExit.done) { outcome.problems.append("asked to end, it ended with \(exit)") }
                outcome.count += 1
            }
            ends.add(try Self.endWithoutDisk(mixed, trial, &outcome))
            outcome.problems += try await Self.chargedProblems(path: mixed.path)
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        // Nothing in the workload takes longer than a moment, so the limit for draining is never reached.
        if ends.worst > .seconds(5) { outcome.problems.append("a process took \(ends.worst) to end") }
        outcome.figure = """
            \(Report.words(orders)) orders; request to end: \(ends.words); start of the next owner to its first \
            result: \(starts.words); no attempt charged.
            """
        return outcome
    }

    /// A process whose files may not grow any more is asked to end, and does not wait for better times.
    /// - Returns: how long it took.
    private static func endWithoutDisk(_ mixed: Mixed, _ trial: Trial, _ outcome: inout Outcome) throws -> Duration {
        let child = try mixed.start(["heedless"])
        try child.line("open")
        guard ChildProcess.run(["prlimit", "--pid", "\(child.pid)", "--fsize=65536:unlimited"]) else {
            throw Unavailable(reason: "prlimit is missing, or may not set limits here")
        }
        try child.line("notice nothing can be recorded")
        let asked = ContinuousClock.now
        child.signal(SIGTERM)
        let end = asked + .seconds(30)
        while case .line = child.news(within: ContinuousClock.now.duration(to: end)) {}
        let time = asked.duration(to: .now)
        if time >= .seconds(30) { outcome.problems.append("a process whose disk was full did not end") }
        child.kill()
        outcome.count += 1
        return time
    }

    /// Nobody was charged an attempt: what has ended took one, and what has not took none.
    private static func chargedProblems(path: String) async throws -> [String] {
        let store = try await SQLiteStore(path: path, environment: StoreCheck.quiet)
        let charged = try await Rows.count(
            "SELECT count(*) FROM penstock_items WHERE attempt > (state = 'completed')",
            in: store
        )
        await store.close()
        return charged == 0 ? [] : ["\(charged) items were charged an attempt"]
    }
}

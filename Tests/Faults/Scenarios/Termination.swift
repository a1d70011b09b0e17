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
        var (outcome, ends, starts) = (Outcome(count: 0), Times(), Times())
        try await trial.onStores(lives: Self.lives, &outcome) { mixed, life, outcome in
            if life == Self.lives - 1 || outcome.count == trial.count - 1 {
                ends.add(try Self.endWithoutDisk(mixed, trial, &outcome))
                outcome.problems += try await Self.chargedProblems(path: mixed.path)
            } else {
                try Self.end(mixed, trial, &outcome, &ends, &starts)
            }
        }
        // Nothing in the workload takes longer than a moment, unless nothing can be recorded.
        if ends.worst > .seconds(5) { outcome.problems.append("a process took \(ends.worst) to end") }
        outcome.figure = """
            \(Report.words(outcome.orders)) orders; request to end: \(ends.words); start of the next owner to its \
            first result: \(starts.words); no attempt charged.
            """
        return outcome
    }

    /// A process is asked to end at some time, and ends.
    private static func end(
        _ mixed: Mixed,
        _ trial: Trial,
        _ outcome: inout Outcome,
        _ ends: inout Times,
        _ starts: inout Times
    ) throws {
        let child = try mixed.start()
        let started = ContinuousClock.now
        try child.line("open")
        var first: Duration?
        try child.listen(for: .microseconds(trial.random(below: 50_000))) { line in
            guard line.hasPrefix("order") else { throw Unexpected(line) }
            if first == nil { first = started.duration(to: .now) }
        }
        if let first { starts.add(first) }
        let asked = ContinuousClock.now
        child.signal(SIGTERM)
        try child.line("drained")
        let exit = try child.exit()
        ends.add(asked.duration(to: .now))
        if exit != .code(WorkerExit.done) { outcome.problems.append("asked to end, it ended with \(exit)") }
        outcome.count += 1
    }

    /// A process whose files may not grow any more is asked to end, and does not wait longer than it may.
    /// - Returns: how long it took.
    private static func endWithoutDisk(_ mixed: Mixed, _ trial: Trial, _ outcome: inout Outcome) throws -> Duration {
        let child = try mixed.start(["heedless"])
        try child.line("open")
        try child.limit("fsize=65536")
        try child.line(outageNotice)
        let asked = ContinuousClock.now
        child.signal(SIGTERM)
        let limit = MixedWorker.drainLimit * 10
        child.listen(for: limit)
        let time = asked.duration(to: .now)
        if time >= limit { outcome.problems.append("a process whose disk was full did not end") }
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

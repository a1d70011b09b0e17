/// F7: reads and writes of the files fail: one in a script, and then one after the other under the mixed workload.
struct ErrorAtCall: Scenario {
    let number = "F7"
    let title = "reads and writes that fail (EIO)"
    let unit = "errors"
    let counts = (short: 150, long: 5000)

    func run(_ trial: Trial) async throws -> Outcome {
        try Strace.check()
        var outcome = Outcome(count: 0)
        var refused = 0
        // A third of them in the script, where it is known what was acknowledged.
        while outcome.count < trial.count / 3, outcome.problems.count < 5 {
            let call = ["pwrite64", "pread64", "pwrite64", "ftruncate", "fallocate"][trial.random(below: 5)]
            let (first, step) = (1 + trial.random(below: 30), 1 + trial.random(below: 40))
            let errors = try await self.fail("\(call):error=EIO:when=\(first)+\(step)", trial, &outcome, &refused)
            if errors == 0, call == "ftruncate" || call == "fallocate" { continue }
            outcome.count += errors
        }
        var orders = 0
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let path = try "\(trial.newFolder("store"))/app.db"
            let mixed = Mixed(path: path, trial: trial)
            for _ in 0..<3 where outcome.count < trial.count {
                let log = "\(trial.folder)/strace"
                let call = trial.random(below: 3) == 0 ? "pread64" : "pwrite64"
                let (first, step) = (2100 + trial.random(below: 300), 11 + trial.random(below: 50))
                let fault = "\(call):error=EIO:when=\(call == "pread64" ? first % 40 + 20 : first)+\(step)"
                let child = try mixed.start(orders: 400, under: Strace.command(fault, log: log))
                let life = ContinuousClock.now + .seconds(2)
                while case .line(let line) = child.news(within: ContinuousClock.now.duration(to: life)) {
                    if line.hasPrefix("error"), !Self.isClear(line) { outcome.problems.append("\(fault): \(line)") }
                }
                child.kill()
                outcome.count += Strace.faults(in: log)
            }
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        outcome.figure = "\(Report.words(orders)) orders beside scripts; \(refused) openings were refused in words."
        return outcome
    }

    /// Whether a process that ends says why.
    ///
    /// SQLite does not tell a page that cannot be read from one that is damaged.
    private static func isClear(_ line: String) -> Bool {
        line.contains("storeUnavailable") || line.contains("or the disk fails to read it")
    }

    /// Has calls of a script fail.
    /// - Returns: how many did.
    private func fail(
        _ fault: String,
        _ trial: Trial,
        _ outcome: inout Outcome,
        _ refused: inout Int
    ) async throws -> Int {
        let path = try "\(trial.newFolder("store"))/app.db"
        let log = "\(trial.folder)/strace"
        let child = try ChildProcess(
            [ScriptWorker.name, path, "\(CallPoint.transactions)"],
            under: Strace.command(fault, log: log),
            log: "\(trial.folder)/log"
        )
        var (acknowledged, last) = (0, "")
        let life = ContinuousClock.now + .seconds(3)
        while case .line(let line) = child.news(within: ContinuousClock.now.duration(to: life)) {
            if line.hasPrefix("ack") { acknowledged += 1 }
            last = line
        }
        // When every other call fails, it may go on for ever; it has to be alive then, or to have said why it is not.
        if last.hasPrefix("error") {
            if Self.isClear(last) { refused += 1 } else { outcome.problems.append("\(fault): \(last)") }
        }
        child.kill()
        let errors = Strace.faults(in: log)
        try await Script.run(path: path, transactions: CallPoint.transactions, tell: { _ in })
        let expected = max(acknowledged, CallPoint.transactions)
        outcome.problems += try await Script.problems(path: path, acknowledged: expected).map { "\(fault): \($0)" }
        return errors
    }
}

/// F49: processes are killed while they recover from a kill, and their disk fails in the midst of it.
struct KillsInRecovery: Scenario {
    let number = "F49"
    let title = "kills and errors during recovery"
    let unit = "lives"
    let counts = (short: 200, long: 10_000)

    func run(_ trial: Trial) async throws -> Outcome {
        try Strace.check()
        var outcome = Outcome(count: 0)
        var (errors, opened, refused) = (0, 0, 0)
        try await trial.onStores(lives: 100, &outcome) { mixed, life, outcome in
            // There has to be something to recover from now and then.
            let limit = Duration.microseconds(trial.random(below: life % 10 == 0 ? 150_000 : 40_000))
            let isFaulty = life % 5 == 4
            let log = "\(trial.folder)/strace"
            let child = try mixed.start(under: isFaulty ? Self.fault(trial, log) : [])
            try child.listen(for: isFaulty ? limit + .milliseconds(60) : limit) { line in
                if line == "open" { opened += 1 }
                guard line.hasPrefix("error") else { return }
                guard isFaulty, Strace.isClear(line) else {
                    throw Unexpected("life \(life), \(isFaulty ? "with" : "without") errors of the disk: \(line)")
                }
                refused += 1
            }
            child.kill()
            if isFaulty { errors += Strace.faults(in: log) }
            outcome.count += 1
        }
        if errors == 0 { outcome.problems.append("the disk never failed") }
        outcome.figure = """
            \(Report.words(opened)) had opened the store when they were killed; \(Report.words(errors)) errors of the \
            disk in every fifth of them, of which \(Report.words(refused)) were refused in words; \
            \(Report.words(outcome.orders)) orders.
            """
        return outcome
    }

    private static func fault(_ trial: Trial, _ log: String) -> [String] {
        let call = ["pread64", "pwrite64", "fdatasync", "ftruncate"][trial.random(below: 4)]
        let most = call == "fdatasync" || call == "ftruncate" ? 3 : 30
        return Strace.command("\(call):error=EIO:when=\(1 + trial.random(below: most))+7", log: log)
    }
}

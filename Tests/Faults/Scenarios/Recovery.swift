/// F49: processes are killed while they recover from a kill, and their disk fails in the midst of it.
struct KillsInRecovery: Scenario {
    let number = "F49"
    let title = "kills and errors during recovery"
    let unit = "lives"
    let counts = (short: 200, long: 10_000)

    private static let lives = 100

    func run(_ trial: Trial) async throws -> Outcome {
        try Strace.check()
        var outcome = Outcome(count: 0)
        var (errors, orders, opened, refused) = (0, 0, 0, 0)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let mixed = Mixed(path: "\(try trial.newFolder("store"))/app.db", trial: trial)
            for life in 0..<min(Self.lives, trial.count - outcome.count) {
                // There has to be something to recover from now and then.
                let limit = Duration.microseconds(trial.random(below: life % 10 == 0 ? 150_000 : 40_000))
                let isFaulty = life % 5 == 4
                let log = "\(trial.folder)/strace"
                let child = try mixed.start(under: isFaulty ? Self.fault(trial, log) : [])
                let end = ContinuousClock.now + (isFaulty ? limit + .milliseconds(60) : limit)
                while case .line(let line) = child.news(within: ContinuousClock.now.duration(to: end)) {
                    if line == "open" { opened += 1 }
                    guard line.hasPrefix("error") else { continue }
                    if line.contains("storeUnavailable"), isFaulty { refused += 1 } else { throw Unexpected(line) }
                }
                child.kill()
                if isFaulty { errors += Strace.faults(in: log) }
                outcome.count += 1
            }
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        outcome.figure = """
            \(opened) had opened the store when they were killed; \(errors) errors of the disk in every fifth of them, \
            of which \(refused) were refused in words; \(Report.words(orders)) orders.
            """
        return outcome
    }

    private static func fault(_ trial: Trial, _ log: String) -> [String] {
        let call = ["pread64", "pwrite64", "fdatasync", "ftruncate"][trial.random(below: 4)]
        let most = call == "fdatasync" || call == "ftruncate" ? 3 : 30
        return Strace.command("\(call):error=EIO:when=\(1 + trial.random(below: most))+7", log: log)
    }
}

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
            let fault = "\(call):error=EIO:when=\(first)+\(step)"
            // When every other call fails, it may go on for ever; it is alive then, or has said why it is not.
            let life = try await Script.suffer(fault, for: .seconds(3), trial)
            if life.last.hasPrefix("error") {
                if Strace.isClear(life.last) { refused += 1 } else { outcome.problems.append("\(fault): \(life.last)") }
            }
            outcome.problems += life.problems
            outcome.count += Strace.faults(in: life.calls)
        }
        let script = outcome.count
        try await trial.onStores(lives: 3, &outcome) { mixed, _, outcome in
            let log = "\(trial.folder)/strace"
            let call = trial.random(below: 3) == 0 ? "pread64" : "pwrite64"
            let (first, step) = (2100 + trial.random(below: 300), 11 + trial.random(below: 50))
            let fault = "\(call):error=EIO:when=\(call == "pread64" ? first % 40 + 20 : first)+\(step)"
            let child = try mixed.start(orders: 400, under: Strace.command(fault, log: log))
            child.listen(for: .seconds(2)) { line in
                if line.hasPrefix("error"), !Strace.isClear(line) { outcome.problems.append("\(fault): \(line)") }
            }
            child.kill()
            outcome.count += Strace.faults(in: log)
        }
        outcome.figure = """
            \(Report.words(script)) of them in scripts, of which \(refused) were refused in words; \
            \(Report.words(outcome.orders)) orders under the others.
            """
        return outcome
    }
}

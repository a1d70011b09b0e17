/// F2: a script is killed at each of its system calls that change a file.
struct KillAtCall: Scenario {
    let number = "F2"
    let title = "kill -9 at the Nth system call"
    let unit = "calls"
    /// The long count is more than there are: each of them.
    let counts = (short: 80, long: 100_000)

    func run(_ trial: Trial) async throws -> Outcome {
        try Strace.check()
        var outcome = Outcome(count: 0)
        let (points, all) = try await CallPoint.choose(["pwrite64", "fdatasync", "ftruncate", "unlink"], trial)
        var kills = 0
        for point in points where outcome.problems.count < 5 {
            let fault = "\(point.call):signal=KILL:when=\(point.number)"
            let life = try await Script.suffer(fault, for: .seconds(60), trial)
            if life.exit == .signal(9) { kills += 1 }
            if life.exit == nil { outcome.problems.append("\(fault): the process hangs") }
            if life.last.hasPrefix("error") { outcome.problems.append("\(fault): \(life.last)") }
            outcome.problems += life.problems
            outcome.count += 1
        }
        if kills < outcome.count * 9 / 10 { outcome.problems.append("only \(kills) of \(outcome.count) were killed") }
        let which = points.count == all ? "each of" : "some of"
        outcome.figure = "\(which) the \(Report.words(all)) of \(CallPoint.transactions) transactions; \(kills) killed."
        return outcome
    }
}

/// A system call of the script: the Nth of its kind.
struct CallPoint {
    let call: String
    let number: Int

    /// How many transactions the script has.
    static let transactions = 50

    /// Chooses calls of the script, all that are rare and some of those that are many.
    /// - Returns: the chosen ones, and how many there are.
    static func choose(_ calls: [String], _ trial: Trial) async throws -> (points: [CallPoint], all: Int) {
        let (path, log) = ("\(try trial.newFolder("store"))/app.db", "\(trial.folder)/strace")
        let child = try ChildProcess(
            [ScriptWorker.name, path, "\(Self.transactions)"],
            under: Strace.counting(calls, log: log),
            log: "\(trial.folder)/log"
        )
        try child.line("all")
        _ = try child.exit()
        // Strace counts for each thread by itself, so it is the one with the most calls that is met at each number.
        var counts: [String: [Substring: Int]] = [:]
        for line in Files.text(log).split(separator: "\n") where !line.contains("resumed>") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 1, let call = words[1].split(separator: "(").first else { continue }
            counts[String(call), default: [:]][words[0], default: 0] += 1
        }
        var points: [CallPoint] = []
        for call in calls {
            let most = counts[call]?.values.max() ?? 0
            points += (0..<most).map { CallPoint(call: call, number: $0 + 1) }
        }
        guard !points.isEmpty else { throw Unexpected("the script makes none of \(calls)") }
        let all = points.count
        guard all > trial.count else { return (points, all) }
        // As many of each kind, as far as there are so many.
        var generator = trial.generator
        points.shuffle(using: &generator)
        var chosen: [CallPoint] = []
        var left = Dictionary(grouping: points, by: \.call)
        while chosen.count < trial.count {
            for call in calls where chosen.count < trial.count {
                if let point = left[call]?.popLast() { chosen.append(point) }
            }
        }
        return (chosen, all)
    }
}

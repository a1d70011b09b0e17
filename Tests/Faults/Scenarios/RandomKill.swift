/// F1: processes that work are killed at random moments, while they open the store as well as in the midst of the work.
struct RandomKill: Scenario {
    let number = "F1"
    let title = "kill -9 at random moments"
    let unit = "kills"
    let counts = (short: 200, long: 10_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var (outcome, times) = (Outcome(count: 0), Times())
        let start = ContinuousClock.now
        var killed: ContinuousClock.Instant?
        try await trial.onStores(lives: 100, &outcome) { mixed, life, outcome in
            let child = try mixed.start()
            // Half of them hardly get to open the store, and the others get some way.
            let limit = Duration.milliseconds(trial.random(below: trial.random(below: 2) == 0 ? 40 : 250))
            let time = try Self.listen(to: child, for: limit, since: life == 0 ? nil : killed)
            if let time { times.add(time) }
            killed = .now
            child.kill()
            outcome.count += 1
        }
        let perSecond = Double(outcome.count) / (ContinuousClock.now - start).seconds
        outcome.figure = """
            \(Report.words(outcome.orders)) orders; kill to next result: \(times.words); \(Int(perSecond)) kills a \
            second.
            """
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

#if canImport(Glibc)
import Glibc
#endif

/// F50: faults of all kinds for a long time; memory, the log and the table stay as they are.
///
/// Orders are removed when they have ended, so the store ought not to grow. For two thirds of the time one process
/// lives on, so that its memory can be watched; then processes are killed and asked to end as well.
struct Soak: Scenario {
    let number = "F50"
    let title = "all of it, for a long time"
    let unit = "faults"
    /// It is measured in minutes.
    let counts = (short: 1, long: 1)

    /// What a long-lived process and its files took, at one moment.
    private struct Sample {
        let time: Duration
        let memory: Int
        let log: Int
        let table: Int
    }

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let mixed = Mixed(path: "\(try trial.newFolder("store"))/app.db", trial: trial)
        let start = ContinuousClock.now
        let (whole, calm) = (Duration.seconds(trial.minutes * 60), Duration.seconds(trial.minutes * 40))
        var child = try mixed.start(["tidy", "heedless"])
        var samples: [Sample] = []
        while start.duration(to: .now) < whole {
            let isCalm = start.duration(to: .now) < calm
            // After each fault the books of a batch are closed: all of it is checked, and nothing is left of it.
            try child.line("books")
            let time = start.duration(to: .now)
            if isCalm { samples.append(Self.sample(child, mixed.path, time)) }
            switch trial.random(below: isCalm ? 3 : 5) {
            case 0:
                child.signal(SIGSTOP)
                _ = child.news(within: .milliseconds(trial.random(below: 100)))
                child.signal(SIGCONT)
            case 1: try Self.limitFiles(of: child, trial)
            case 2:
                // Nothing at all is a part of it.
                _ = child.news(within: .milliseconds(trial.random(below: 20)))
            case 3:
                child.kill()
                child = try mixed.start(["tidy", "heedless"])
            default:
                child.signal(SIGTERM)
                try child.line("drained")
                _ = try child.exit()
                child = try mixed.start(["tidy", "heedless"])
            }
            outcome.count += 1
        }
        child.kill()
        let batches = try await self.finish(mixed, &outcome)
        outcome.figure = Self.figure(samples, &outcome) + " \(Report.words(batches * Books.batch)) orders."
        return outcome
    }

    /// Lets no file grow until the process has noticed, or a moment has passed.
    private static func limitFiles(of child: ChildProcess, _ trial: Trial) throws {
        for size in ["\(1 << 16)", "unlimited"] {
            guard ChildProcess.run(["prlimit", "--pid", "\(child.pid)", "--fsize=\(size):unlimited"]) else {
                throw Unavailable(reason: "prlimit is missing, or may not set limits here")
            }
            let end = ContinuousClock.now + .milliseconds(trial.random(below: 60))
            while size != "unlimited", case .line = child.news(within: ContinuousClock.now.duration(to: end)) {}
        }
    }

    private static func sample(_ child: ChildProcess, _ path: String, _ time: Duration) -> Sample {
        Sample(
            time: time,
            memory: Memory.of("\(child.pid)"),
            log: Files.size("\(path)-wal"),
            table: Files.size(path)
        )
    }

    /// Has the last batch brought to its end, and looks everything through.
    private func finish(_ mixed: Mixed, _ outcome: inout Outcome) async throws -> Int {
        let batches = try await Books.closed(path: mixed.path)
        let last = try mixed.start(orders: (batches + 1) * Books.batch, ["tidy"])
        try last.line("all")
        _ = try last.exit()
        outcome.problems += try await StoreCheck.problems(path: mixed.path) { store in
            let (problems, closed) = try await Books.problems(in: store)
            let left = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue <> 'probe'", in: store)
            let rows = try await Rows.count("SELECT count(*) FROM ledger", in: store)
            if closed != batches + 1 { return problems + ["\(batches + 1) batches, and the books have \(closed)"] }
            return left + rows == 0 ? problems : problems + ["\(left) items and \(rows) rows are left"]
        }
        return batches + 1
    }

    /// What the samples come to, from the second quarter on: before that, caches fill.
    private static func figure(_ samples: [Sample], _ outcome: inout Outcome) -> String {
        let steady = samples.dropFirst(samples.count / 4)
        guard steady.count > 3, let first = steady.first, let last = steady.last else {
            outcome.problems.append("there were only \(samples.count) samples: give it more minutes")
            return ""
        }
        // The slope of the line that lies best among the points.
        let times = steady.map(\.time.seconds)
        let sizes = steady.map { Double($0.memory) / 1_048_576 }
        let (time, size) = (times.reduce(0, +) / Double(times.count), sizes.reduce(0, +) / Double(sizes.count))
        let above = zip(times, sizes).map { ($0 - time) * ($1 - size) }.reduce(0, +)
        let slope = above / times.map { ($0 - time) * ($0 - time) }.reduce(0, +) * 3600
        let (log, table) = (steady.map(\.log).max() ?? 0, steady.map(\.table).max() ?? 0)
        if log > 80 << 20 { outcome.problems.append("the log has grown to \(log >> 20) MB") }
        if table > 2 * first.table + (16 << 20) { outcome.problems.append("the table has grown to \(table >> 20) MB") }
        let grown = Double(last.memory - first.memory) / 1_048_576
        if grown > 32 { outcome.problems.append("memory has grown by \(Int(grown)) MB") }
        return """
            One process for \(Int(last.time.seconds)) s: memory \(Int(size)) MB, slope \(Int(slope.rounded())) MB/h; \
            log at most \(log >> 20) MB, table \(first.table >> 10) to \(table >> 10) KB.
            """
    }
}

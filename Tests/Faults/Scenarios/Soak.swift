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

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let mixed = Mixed(path: "\(try trial.newFolder("store"))/app.db", trial: trial)
        let start = ContinuousClock.now
        let (whole, calm) = (Duration.seconds(trial.minutes * 60), Duration.seconds(trial.minutes * 40))
        var child = try mixed.start(["tidy", "heedless"])
        var (samples, closed) = ([Sample](), -1)
        while start.duration(to: .now) < whole {
            let isCalm = start.duration(to: .now) < calm
            // After each fault the books of a batch are closed: all of it is checked, and nothing is left of it.
            let books = try child.line("books").split(separator: " ").compactMap { Int($0) }
            guard books.count == 2 else { throw Unexpected("the books are \(books)") }
            closed = max(closed, books[0] / Books.batch)
            let time = start.duration(to: .now)
            if isCalm { samples.append(Sample(of: child, mixed.path, inUse: books[1], at: time)) }
            try Self.strike(&child, trial.random(below: isCalm ? 3 : 5), mixed, trial)
            outcome.count += 1
        }
        child.kill()
        let batches = try await self.finish(mixed, &outcome)
        if batches <= closed { outcome.problems.append("batch \(closed) was closed, and the books have \(batches)") }
        let trend = Trend(samples)
        outcome.problems += trend.problems
        outcome.figure = "\(trend.words) \(Report.words(batches * Books.batch)) orders."
        return outcome
    }

    /// Does one of the faults to the process; if that ends it, another takes its place.
    private static func strike(_ child: inout ChildProcess, _ fault: Int, _ mixed: Mixed, _ trial: Trial) throws {
        switch fault {
        case 0:
            child.signal(SIGSTOP)
            child.listen(for: .milliseconds(trial.random(below: 100)))
            child.signal(SIGCONT)
        case 1: try Self.limitFiles(of: child, trial)
        case 2:
            // Nothing at all is a part of it.
            child.listen(for: .milliseconds(trial.random(below: 20)))
        case 3:
            child.kill()
            child = try mixed.start(["tidy", "heedless"])
        default:
            child.signal(SIGTERM)
            try child.line("drained")
            _ = try child.exit()
            child = try mixed.start(["tidy", "heedless"])
        }
    }

    /// Lets no file grow until the process has noticed, or a moment has passed.
    private static func limitFiles(of child: ChildProcess, _ trial: Trial) throws {
        try child.limit("fsize=\(1 << 16)")
        child.listen(for: .milliseconds(trial.random(below: 60)))
        try child.limit("fsize=unlimited")
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
}

/// F27: a backlog that is a thousand times as long as what memory keeps of it.
struct Backlog: Scenario {
    let number = "F27"
    let title = "a long backlog"
    let unit = "items"
    let counts = (short: 50_000, long: 1_000_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: trial.count)
        let path = try "\(trial.newFolder("store"))/app.db"
        _ = try Measured(["fill", path, "\(trial.count)"], trial)
        let measured = try Measured(["reserve", path, "2000"], trial)
        let (empty, full) = (try measured["p99 empty"], try measured["p99 backlog"])
        let (opening, growth) = (try measured["open"], measured.growth)
        if full > 2 * max(empty, 5) { outcome.problems.append("p99 of leasing: \(full) us, and \(empty) without") }
        if opening > 2000 { outcome.problems.append("opening took \(opening) ms") }
        if growth > 64 << 20 { outcome.problems.append("memory grew by \(growth) bytes") }
        outcome.problems += try await StoreCheck.problems(path: path) { _ in [] }
        outcome.figure = """
            opened in \(opening) ms; p99 of leasing \(full) us, from an empty queue beside it \(empty) us; memory grew \
            by \(growth >> 20) MB.
            """
        return outcome
    }
}

/// F28: producers without end, and nobody who takes anything.
struct Flood: Scenario {
    let number = "F28"
    let title = "producers without consumers"
    let unit = "pushes refused"
    let counts = (short: 20_000, long: 1_000_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: trial.count)
        let path = try "\(trial.newFolder("store"))/app.db"
        let growth = try Measured(["flood", path, "\(trial.count)"], trial).growth
        if growth > 32 << 20 { outcome.problems.append("memory grew by \(growth) bytes") }
        outcome.problems += try await StoreCheck.problems(path: path) { _ in [] }
        outcome.figure = "a queue of 1,000 never had more; memory grew by \(growth >> 20) MB; then 800 waited for room."
        return outcome
    }
}

/// F29: everything is due at once.
struct Herd: Scenario {
    let number = "F29"
    let title = "all due at one instant"
    let unit = "timers"
    let counts = (short: 500, long: 5000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: trial.count)
        let path = try "\(trial.newFolder("store"))/app.db"
        let late = try Measured(["herd", path, "\(trial.count)"], trial)["late"]
        outcome.problems += try await StoreCheck.problems(path: path) { store in
            let done = try await Rows.count(
                "SELECT count(DISTINCT payload) FROM penstock_items WHERE queue = 'done'",
                in: store
            )
            return done == trial.count ? [] : ["\(done) were worked on"]
        }
        outcome.figure = "as many consumers, none early; the last one leased \(late) ms after the instant."
        return outcome
    }
}

/// What a worker says of its measurements.
struct Measured {
    private var numbers: [String: Int] = [:]
    let growth: Int

    init(_ arguments: [String], _ trial: Trial) throws {
        let child = try ChildProcess([BacklogWorker.name] + arguments, log: "\(trial.folder)/log")
        var (last, growth) = ("", 0)
        while let line = try child.line() {
            last = line
            let words = line.split(separator: " ")
            guard let number = words.last.flatMap({ Int($0) }) else { continue }
            if words.first == "memory", words.count == 3, let before = Int(words[1]) {
                growth = number - before
            } else {
                self.numbers[words.dropLast().joined(separator: " ")] = number
            }
        }
        guard try child.exit() == .code(WorkerExit.done), last == "all" else { throw Unexpected("at last: \(last)") }
        self.growth = growth
    }

    subscript(_ name: String) -> Int {
        get throws {
            guard let number = self.numbers[name] else { throw Unexpected("'\(name)' was not measured") }
            return number
        }
    }
}

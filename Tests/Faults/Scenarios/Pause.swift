import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// F12: whoever holds a lease is paused past its end, wakes up, and changes nothing.
///
/// One process owns the file, so the one that takes over is another consumer in it; a whole process that is stopped
/// keeps its lock, which a successor is told, and gives it up with its life.
struct Pause: Scenario {
    let number = "F12"
    let title = "paused past the lease"
    let unit = "pauses"
    let counts = (short: 400, long: 2000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        // A fifth of the pauses are of whole processes.
        let processes = max(trial.count / 5, 1)
        let stalled = trial.count - processes
        outcome.problems += try await self.stall(stalled, trial)
        outcome.count += stalled
        let (stops, lost) = try await self.stopConsumers(processes / 2, trial, &outcome)
        outcome.count += stops
        let times = try await self.stopOwners(processes - processes / 2, trial, &outcome)
        outcome.count += processes - processes / 2
        outcome.figure = """
            \(Report.words(stalled)) stale acts of \(Report.words(stalled)) refused; \(stops) stops of processes with \
            16 consumers, \(lost) leases lost in them and no double result; \(processes - processes / 2) owners \
            stopped, kill to next result of the successor: \(times.words).
            """
        return outcome
    }

    /// Two consumers in a process, of which one is stalled.
    private func stall(_ count: Int, _ trial: Trial) async throws -> [String] {
        let path = try "\(trial.newFolder("stalled"))/app.db"
        let child = try ChildProcess([LeaseWorker.name, "stalled", path, "\(count)"], log: "\(trial.folder)/log")
        try child.line("all")
        _ = try child.exit()
        return try await LeaseCheck.problems(path: path, items: count)
    }

    /// Many consumers in a process, which is stopped as a whole.
    private func stopConsumers(
        _ count: Int,
        _ trial: Trial,
        _ outcome: inout Outcome
    ) async throws -> (stops: Int, lost: Int) {
        var (stops, lost) = (0, 0)
        while stops < count {
            let path = try "\(trial.newFolder("consumers"))/app.db"
            let items = 5000
            let child = try ChildProcess([LeaseWorker.name, "consume", path, "\(items)"], log: "\(trial.folder)/log")
            try child.line("open")
            var line: String?
            while line == nil, stops < count {
                if case .line(let end) = child.news(within: .milliseconds(5 + trial.random(below: 20))) { line = end }
                guard line == nil else { break }
                child.signal(SIGSTOP)
                if case .line(let end) = child.news(within: .milliseconds(25 + trial.random(below: 20))) { line = end }
                child.signal(SIGCONT)
                stops += 1
            }
            let end = try line ?? child.line("lost")
            guard end.hasPrefix("lost") else { throw Unexpected(end) }
            lost += Int(end.split(separator: " ").last ?? "") ?? 0
            try child.line("all")
            _ = try child.exit()
            outcome.problems += try await LeaseCheck.problems(path: path, items: items)
        }
        return (stops, lost)
    }

    /// An owner is stopped: a successor is refused as long as it lives, and works at once when it is killed.
    private func stopOwners(_ count: Int, _ trial: Trial, _ outcome: inout Outcome) async throws -> Times {
        var times = Times()
        let mixed = Mixed(path: "\(try trial.newFolder("owners"))/app.db", trial: trial)
        var owner = try mixed.start()
        try owner.line("order")
        for round in 0..<count where outcome.problems.count < 5 {
            owner.signal(SIGSTOP)
            let successor = try mixed.start()
            let answer = try successor.line("error")
            let exit = try successor.exit()
            if exit != .code(WorkerExit.owned) || !answer.contains("is owned by process \(owner.pid) ") {
                outcome.problems.append("the successor of an owner that is stopped ended with \(exit): \(answer)")
            }
            if round % 2 == 0 {
                owner.signal(SIGCONT)
            } else {
                let killed = ContinuousClock.now
                owner.kill()
                owner = try mixed.start()
                try owner.line("order")
                times.add(killed.duration(to: .now))
            }
            try owner.line("order")
        }
        owner.kill()
        outcome.problems += try await mixed.finish().problems
        return times
    }
}

/// What holds of a queue of jobs that were worked on under leases: each has ended once, and has one row.
enum LeaseCheck {
    static func problems(path: String, items: Int) async throws -> [String] {
        try await StoreCheck.problems(path: path) { store in
            let done = try await Rows.count(
                """
                SELECT count(*) FROM penstock_items WHERE queue = 'jobs' AND state = 'completed' AND result = payload
                """,
                in: store
            )
            let all = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue <> 'probe'", in: store)
            let rows = try await Rows.integers("SELECT count(*), count(DISTINCT x), min(x) FROM ledger", in: store)
            guard done == items, all == items, rows == [[items, items, 0]] else {
                return ["of \(items) jobs \(done) have ended well, there are \(all) items, and the ledger has \(rows)"]
            }
            return []
        }
    }
}

import Penstock
import PenstockSQLite

/// F14: items that take their process down, or never end, are dead letters after the allowed attempts exactly.
struct Poison: Scenario {
    let number = "F14"
    let title = "items that take the process down"
    let unit = "poisoned items"
    let counts = (short: 12, long: 120)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let kinds = PoisonWorker.Kind.allCases
        var deaths = 0
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let kind = kinds[outcome.count % kinds.count]
            let path = try "\(trial.newFolder("store"))/app.db"
            let lost = try Self.work(on: kind, path, trial)
            deaths += lost
            outcome.count += 1
            let problems = try await Self.problems(path, lost: lost, kind.isTimedOut ? 0 : PoisonWorker.attempts)
            outcome.problems += problems.map { "\(kind.rawValue): \($0)" }
        }
        outcome.figure = """
            \(kinds.map(\.rawValue).joined(separator: ", ")): each dead after \(PoisonWorker.attempts) attempts; \
            \(deaths) processes lost, one at a time; all others ended well.
            """
        return outcome
    }

    /// Starts a process after the other, until one is done.
    /// - Returns: how many were lost.
    private static func work(on kind: PoisonWorker.Kind, _ path: String, _ trial: Trial) throws -> Int {
        for lost in 0..<20 {
            let child = try ChildProcess(
                [PoisonWorker.name, path, kind.rawValue, "1"],
                under: kind == .memory ? ["prlimit", "--as=\(512 << 20)"] : [],
                log: "\(trial.folder)/log"
            )
            var last = ""
            if kind == .loop {
                // Nothing can end a body that keeps its thread; somebody who watches the process does.
                last = try Self.watch(child)
            } else {
                while let line = try child.line() { last = line }
            }
            if last.hasPrefix("error") { throw Unexpected("\(kind.rawValue): \(last)") }
            if last == "all" {
                _ = try child.exit()
                return lost
            }
        }
        throw Unexpected("\(kind.rawValue): the process was lost 20 times")
    }

    /// Listens to a process until it is done, or has begun with the item and says nothing any more; it is killed then.
    private static func watch(_ child: ChildProcess) throws -> String {
        var hasBegun = false
        while let line = try hasBegun ? Self.line(of: child) : child.line() {
            if line == "all" || line.hasPrefix("error") { return line }
            hasBegun = hasBegun || line.hasPrefix("begun")
        }
        child.kill()
        return ""
    }

    private static func line(of child: ChildProcess) -> String? {
        if case .line(let line) = child.news(within: .milliseconds(300)) { line } else { nil }
    }

    private static func problems(_ path: String, lost: Int, _ expected: Int) async throws -> [String] {
        try await StoreCheck.problems(path: path) { store in
            let dead = try await Rows.count(
                "SELECT count(*) FROM penstock_items WHERE queue = 'poison' AND state = 'failed'",
                in: store
            )
            let good = try await Rows.count(
                """
                SELECT count(*) FROM penstock_items WHERE queue = 'ordinary' AND state = 'completed'
                AND CAST(result AS INTEGER) = 2 * CAST(payload AS INTEGER)
                """,
                in: store
            )
            let starts = PoisonWorker.starts(path: path)
            let isGood = starts == PoisonWorker.attempts && dead == 1 && good == PoisonWorker.ordinary
            guard !isGood || lost != expected else { return [] }
            return [
                """
                begun \(starts) times, \(lost) processes lost, \(dead) dead letters, \(good) of \
                \(PoisonWorker.ordinary) others ended well
                """
            ]
        }
    }
}

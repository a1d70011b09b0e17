import DiskWorkload
import PenstockSQLite
import PenstockSQLiteTesting
import PenstockTesting

/// F4: the power fails at any moment, and of what was not synced any part may be on the disk, in any order.
///
/// A disk that syncs nothing is looked at as well: if nothing were found there, nothing would be found anywhere.
struct PowerFailure: Scenario {
    let number = "F4"
    let title = "the power fails"
    let unit = "states of the disk"
    let counts = (short: 2000, long: 100_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let seed = trial.random.next()
        let (states, problems) = try PowerLoss.lose(PowerLoss.settings(), states: trial.count, seed: seed)
        outcome.count = states
        outcome.problems = problems
        if problems.isEmpty, states != trial.count { outcome.problems.append("only \(states) states were looked at") }
        var found: [String] = []
        for (name, settings) in [
            ("synchronous = OFF", PowerLoss.settings { $0.honorsSyncs = false }),
            ("the weaker durability", PowerLoss.settings { $0.durability = .relaxed }),
        ] {
            let (looked, lost) = try PowerLoss.lose(settings, states: 1000, seed: trial.random.next())
            if lost.isEmpty { outcome.problems.append("with \(name) nothing is lost, so nothing would be noticed") }
            found.append("\(name) in state \(looked)")
        }
        outcome.figure = "0 acknowledged and lost; planted: \(found.joined(separator: ", ")) found out."
        return outcome
    }
}

/// F5: the log is cut anywhere, also where a write was torn.
struct TornLog: Scenario {
    let number = "F5"
    let title = "a log that is cut anywhere"
    let unit = "cuts"
    let counts = (short: 2000, long: 100_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let cuts = try LogCuts()
        var generator = trial.generator
        while outcome.count < trial.count, outcome.problems.count < 5 {
            outcome.problems += try cuts.problems(cutAt: Int.random(in: cuts.bytes, using: &generator))
            outcome.count += 1
        }
        // What was acknowledged later is not in what was left earlier: a check that finds it there looks at nothing.
        if try cuts.problems(cutAt: cuts.bytes.lowerBound, asIfAt: cuts.bytes.upperBound).isEmpty {
            outcome.problems.append("a log without its end is as good as a whole one")
        }
        outcome.figure = """
            of a log of \(Report.words(cuts.bytes.upperBound)) bytes: what was acknowledged before is there each time, \
            whole.
            """
        return outcome
    }
}

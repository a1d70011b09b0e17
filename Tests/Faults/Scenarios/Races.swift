import Penstock
import PenstockSQLiteTesting
import PenstockTesting
import SimulationWorkload

/// F46: an item is completed, failed, cancelled, tried again and taken over at the same time; one of them wins.
///
/// Most of the orders of events are those of simulated worlds. Threads of real processes try some more.
struct EndRaces: Scenario {
    let number = "F46"
    let title = "completed, cancelled, late and lost"
    let unit = "orders of events"
    let counts = (short: 20_000, long: 1_000_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        // The processes take a real instant for each.
        let threads = trial.count / 20
        for kind in RacingWorker.Kind.allCases where outcome.problems.count < 5 {
            outcome.problems += try await Self.race(kind, threads / 2, trial)
            outcome.count += threads / 2
        }
        let first = trial.random.next() >> 1
        var world: UInt64 = 0
        while outcome.count < trial.count, outcome.problems.count < 5 {
            // Over SQLite a world takes some ten times as long.
            let isSQLite = world % 8 == 0
            let seed = first + world
            let problems = try RaceWorld.run(seed: seed) { environment in
                isSQLite ? try await CrashDisk().open(environment) : try await MemoryDisk().open(environment)
            }
            outcome.problems += problems.map { "world \(seed) over \(isSQLite ? "SQLite" : "memory"): \($0)" }
            outcome.count += RaceWorld.schedules
            world += 1
        }
        outcome.figure = """
            \(Report.words(Int(world))) worlds from seed \(first) on, an eighth of them over SQLite, and \
            \(Report.words(threads)) items for which threads raced; each has one end, and all others were refused.
            """
        return outcome
    }

    private static func race(_ kind: RacingWorker.Kind, _ count: Int, _ trial: Trial) async throws -> [String] {
        let path = try "\(trial.newFolder("store"))/app.db"
        let child = try ChildProcess(
            [RacingWorker.name, kind.rawValue, path, "\(count)", "\(trial.random.next())"],
            log: "\(trial.folder)/log"
        )
        var problems: [String] = []
        while let line = try child.line(), line != "all" { problems.append("\(kind.rawValue): \(line)") }
        guard try child.exit() == .code(WorkerExit.done) else { return problems + ["\(kind.rawValue): it did not end"] }
        guard kind == .sqlite else { return problems }
        return problems
            + (try await StoreCheck.problems(path: path) { store in
                let left = try await Rows.count("SELECT count(*) FROM penstock_items", in: store)
                return left == 0 ? [] : ["\(left) items are left over"]
            })
    }
}

/// F47: a run is cancelled, or loses its process, while what it has called is at work.
struct Families: Scenario {
    let number = "F47"
    let title = "parents that end before their children"
    let unit = "worlds"
    let counts = (short: 400, long: 20_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let tally = FamilyProgram.Tally()
        let families = FaultTrial { FamilyProgram($0, tally) }
        let first = trial.random.next() >> 1
        var struck: [Fault: Int] = [:]
        while outcome.count < trial.count, outcome.problems.count < 5 {
            do {
                try families.search(seeds: [first + UInt64(outcome.count)]) { report in
                    for fault in report.struck { struck[fault, default: 0] += 1 }
                }
            } catch {
                outcome.problems.append("\(error)")
            }
            outcome.count += 1
        }
        let counts = tally.counts
        if counts.cancelled == 0 || counts.ended == 0 { outcome.problems.append("nothing was cancelled at work") }
        outcome.figure = """
            from seed \(first) on: \(Report.words(counts.cancelled)) runs cancelled, \
            \(Report.words(counts.ended)) steps at work ended with them and none went on, \
            \(Report.words(struck[.crash, default: 0])) processes lost, \
            \(Report.words(counts.effects)) effects, each once.
            """
        return outcome
    }
}

import Penstock
import PenstockSQLiteTesting
import PenstockTesting

/// F3: every call that a program makes of its store fails, over a store in memory and one in SQLite.
struct StoreErrors: Scenario {
    let number = "F3"
    let title = "errors at the Nth store call"
    let unit = "programs"
    /// The long count is more than there are: each of them.
    let counts = (short: 150, long: 100_000)

    private static let kinds: [(name: String, sweep: FaultSweep)] = [
        (
            "memory",
            FaultSweep {
                let disks = MemoryDisks()
                return { place, environment in try await disks[place].open(environment) }
            }
        ),
        (
            "SQLite",
            FaultSweep {
                let disk = CrashDisk()
                return { _, environment in try await disk.open(environment) }
            }
        ),
    ]

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var points: [(kind: Int, point: FaultSweep.Point)] = []
        for (kind, store) in Self.kinds.enumerated() { points += try store.sweep.points().map { (kind, $0) } }
        let all = points.count
        var generator = trial.generator
        points.shuffle(using: &generator)
        var (errors, met) = (0, [0, 0])
        for (kind, point) in points where outcome.count < trial.count && outcome.problems.count < 5 {
            do {
                var (failures, order) = (0, UInt64.min)
                // In one order of events the program may have made fewer calls than in another.
                while failures == 0, order < 8 {
                    failures = try Self.kinds[kind].sweep.check(point, seed: order)
                    order += 1
                }
                errors += failures
                if failures > 0 { met[kind] += 1 }
            } catch {
                outcome.problems.append("\(Self.kinds[kind].name): \(point): \(error)")
            }
            outcome.count += 1
        }
        let missed = outcome.count - met[0] - met[1]
        if missed > outcome.count / 20 { outcome.problems.append("\(missed) of \(outcome.count) faults never struck") }
        outcome.figure = """
            \(outcome.count == all ? "each of" : "some of") the \(Report.words(all)) ways in which a call can fail: \
            each method, before its effect and after, once, until it is mended, and until the program is cancelled; \
            struck \(met[0]) over memory, \(met[1]) over SQLite, \(Report.words(errors)) errors.
            """
        return outcome
    }
}

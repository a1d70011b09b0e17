import Penstock
import PenstockSQLiteTesting
import PenstockTesting
import SimulationWorkload

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs the worlds of a range of seeds, and says what came of them.
///
/// - `Simulate FIRST COUNT`: one line at the end, or the failure, made simple, and status 1.
/// - `Simulate plain FIRST COUNT`: the same, and a failure as it was found.
/// - `Simulate trace FIRST COUNT`: a line with the trace of each world.
/// - `Simulate show SEED`: the knobs of one world and what came of it.
///
/// With `sqlite` before all that, the disk of each world has real SQLite on it.
struct Simulate {
    let trial: FaultTrial

    static func main() {
        var words = CommandLine.arguments.dropFirst()
        let isOnSQLite = words.first == "sqlite"
        if isOnSQLite { words.removeFirst() }
        let numbers = words.compactMap { UInt64($0) }
        let simulate = Simulate(trial: FaultTrial(on: isOnSQLite ? .sqlite : .memory) { RandomProgram($0) })
        do {
            switch (words.first, numbers.count) {
            case ("plain", 2): try simulate.plain(numbers[0]..<numbers[0] + numbers[1])
            case ("trace", 2): try simulate.trace(numbers[0]..<numbers[0] + numbers[1])
            case ("show", 1): try simulate.show(numbers[0])
            case (_, 2): try simulate.search(numbers[0]..<numbers[0] + numbers[1])
            default:
                print("usage: Simulate [sqlite] [plain|trace] FIRST COUNT | Simulate [sqlite] show SEED")
                exit(64)
            }
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    private func plain(_ seeds: Range<UInt64>) throws {
        for seed in seeds { try self.trial.run(FaultKnobs(seed: seed)) }
    }

    private func trace(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let report = try self.trial.run(FaultKnobs(seed: seed))
            print(seed, String(report.trace, radix: 16), report.jobs)
        }
    }

    private func show(_ seed: UInt64) throws {
        print(FaultKnobs(seed: seed))
        let report = try self.trial.run(FaultKnobs(seed: seed))
        print("ended after \(report.time) and \(report.jobs) jobs; \(report.struck.map(\.rawValue))")
    }

    private func search(_ seeds: Range<UInt64>) throws {
        let began = LiveClock().uptime
        var (jobs, time, struck): (Int, Duration, [Fault: Int]) = (0, .zero, [:])
        try self.trial.search(seeds: seeds) { report in
            jobs += report.jobs
            time += report.time
            for fault in report.struck { struck[fault, default: 0] += 1 }
        }
        let seconds = (LiveClock().uptime - began) / .seconds(1)
        let rate = Int(Double(seeds.count) / seconds * 3600)
        print(
            "\(seeds.count) seeds from \(seeds.lowerBound), \(jobs) jobs, \(time) of their time, \(rate) seeds an hour"
        )
        for fault in Fault.allCases { print("  \(fault.rawValue): \(struck[fault, default: 0])") }
    }
}

Simulate.main()

import Foundation
import Penstock
import PenstockSQLite
import PenstockSQLiteTesting
import PenstockTesting
import SimulationWorkload
import Testing

@Suite("Simulated worlds with real SQLite on their disks", .timeLimit(.minutes(60)))
struct DiskTrialTests {
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil
    private static let trial = FaultTrial(on: .sqlite) { RandomProgram($0) }

    @Test func `work survives whatever befalls it`() throws {
        // Half of the seeds are the same every time, the others are new.
        let count: UInt64 = Self.isLong ? 10_000 : 40
        let fresh = UInt64.random(in: 1 << 32...1 << 62)
        print("first of the new seeds: \(fresh)")
        var struck: [Fault: Int] = [:]
        try Self.trial.search(seeds: Array(0..<count) + Array(fresh..<fresh + count)) { report in
            for fault in report.struck { struck[fault, default: 0] += 1 }
        }
        for fault in Fault.allCases { #expect(struck[fault, default: 0] > 0, "\(fault) has never struck") }
        print("figure: simulated worlds over SQLite: \(2 * count), faults: \(struck.values.reduce(0, +))")
    }

    @Test func `equal seeds give equal worlds, in this process and in another`() throws {
        // In another order, so that what SQLite and the disks number is something else.
        let seeds: Range<UInt64> = 0..<20
        let here = try seeds.reversed().map { seed in
            let report = try Self.trial.run(FaultKnobs(seed: seed))
            return "\(seed) \(String(report.trace, radix: 16)) \(report.jobs)"
        }
        let there = try Simulate.lines(["sqlite", "trace", "\(seeds.lowerBound)", "\(seeds.count)"])
        #expect(there == here.reversed())
        #expect(Set(here.map { $0.split(separator: " ")[1] }).count == here.count, "the worlds differ from one another")
    }

    // MARK: Disks and stores that are wrong

    private static func settings(_ change: (inout CrashDisk.Settings) -> Void) -> CrashDisk.Settings {
        var settings = CrashDisk.Settings()
        settings.checkpointFrames = 50
        change(&settings)
        return settings
    }

    /// The first of the worlds over such a disk that fails, and how.
    private static func failure(_ settings: CrashDisk.Settings) -> (seed: UInt64, message: String)? {
        let trial = FaultTrial(on: .sqlite(settings)) { RandomProgram($0) }
        for seed in 0..<200 as Range<UInt64> {
            do {
                try trial.run(FaultKnobs(seed: seed))
            } catch let failure as FaultTrialFailure {
                return (seed, failure.message)
            } catch {
                return (seed, "\(error)")
            }
        }
        return nil
    }

    @Test(arguments: [
        ("synchronous = OFF", Self.settings { $0.honorsSyncs = false }),
        ("the weaker durability", Self.settings { $0.durability = .relaxed }),
    ])
    func `a power failure shows what was not synced`(_ name: String, _ settings: CrashDisk.Settings) throws {
        let (seed, message) = try #require(Self.failure(settings))
        print("figure: planted: \(name): found by worlds over SQLite after \(seed + 1) seeds: \(message.prefix(80))")
        let knobs = FaultKnobs(seed: seed).without([.powerFailure])
        try FaultTrial(on: .sqlite(settings)) { RandomProgram($0) }.run(knobs)
    }
}

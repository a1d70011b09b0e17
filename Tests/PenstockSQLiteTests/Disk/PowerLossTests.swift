import Penstock
import PenstockSQLite
import PenstockSQLiteTesting
import PenstockTesting
import Synchronization
import Testing

/// The power fails at any moment: whatever the disk got to, what was acknowledged is there, whole.
@Suite("The power fails", .timeLimit(.minutes(60)))
struct PowerLossTests {
    /// How many states of the disk: 1,000 in the normal run, 100,000 in the long one.
    private static let states = isLongRun ? 100_000 : 1000

    private static func settings(_ change: (inout CrashDisk.Settings) -> Void = { _ in }) -> CrashDisk.Settings {
        var settings = CrashDisk.Settings()
        settings.checkpointFrames = 20
        change(&settings)
        return settings
    }

    /// Runs a program and looks at states of its disk from all over its life, until something is wrong.
    private static func lose(
        _ settings: CrashDisk.Settings,
        states: Int,
        seed: UInt64
    ) throws -> (looked: Int, problems: [String]) {
        let whole = CrashDisk(settings)
        try DiskProgram(moves: 60, runs: 10).run(on: whole, seed: 0)
        let changes = whole.count()
        var chance = SeededGenerator(seed: seed)
        var moments = [Int](repeating: 0, count: changes + 1)
        for _ in 0..<states { moments[Int.random(in: 1...changes, using: &chance)] += 1 }
        let (disk, program, findings) = (CrashDisk(settings), DiskProgram(moves: 60, runs: 10), Findings())
        disk.afterEveryChange { [disk = disk as CrashDisk, moments = moments as [Int]] in
            let change = disk.count()
            for number in 0..<moments[change] where findings.problems.isEmpty {
                let image = disk.image(seed: seed &+ UInt64(change * 1000 + number))
                findings.look(at: image, of: program, "after change \(change)")
            }
        }
        try program.run(on: disk, seed: 0)
        disk.afterEveryChange(nil)
        return (findings.looked, findings.problems)
    }

    @Test func `nothing acknowledged is lost, and nothing is there by half`() throws {
        let (clock, seed) = (ContinuousClock(), UInt64.random(in: .min ... .max))
        let begin = clock.now
        let (looked, problems) = try Self.lose(Self.settings(), states: Self.states, seed: seed)
        #expect(problems == [], "seed \(seed)")
        #expect(looked == Self.states)
        print("figure: power failures: \(looked) states of the disk in \(begin.duration(to: clock.now)), seed \(seed)")
    }

    /// The same on a disk that does not sync: a check that finds nothing there would find nothing anywhere.
    @Test func `a sync that is left out is found out`() throws {
        let (clock, seed) = (ContinuousClock(), UInt64.random(in: .min ... .max))
        for (name, settings) in [
            ("synchronous = OFF", Self.settings { $0.honorsSyncs = false }),
            ("the weaker durability", Self.settings { $0.durability = .relaxed }),
        ] {
            let begin = clock.now
            let (looked, problems) = try Self.lose(settings, states: 1000, seed: seed)
            #expect(problems != [], "\(name), seed \(seed)")
            print("figure: planted: \(name): found in state \(looked), after \(begin.duration(to: clock.now))")
        }
    }

    @Test func `a log that is cut anywhere keeps the longest whole part`() throws {
        let disk = CrashDisk(Self.settings { ($0.checkpointFrames, $0.recordsEvents) = (4000, true) })
        let program = DiskProgram(moves: 60, runs: 10)
        // What had been acknowledged when the log ended there, for every write to it.
        let ends = Mutex<[(bytes: Int, told: DiskProgram.Told)]>([])
        let left = Mutex<CrashDisk?>(nil)
        disk.afterEveryChange { [disk = disk as CrashDisk] in
            guard let last = disk.events.last, last.isLog, program.told.isPrepared else { return }
            if last.operation == .write {
                ends.withLock { $0.append((last.offset + last.bytes.count, program.told)) }
                left.withLock { $0 = disk.copy() }
            }
        }
        try program.run(on: disk, seed: 0)
        let (found, log) = (ends.withLock { $0 }, try #require(left.withLock { $0 }))
        let (first, last) = (try #require(found.first), try #require(found.last))
        #expect(last.bytes > first.bytes + 500_000)
        var chance = SeededGenerator(seed: 5)
        for _ in 0..<Self.states {
            let cut = Int.random(in: first.bytes...last.bytes, using: &chance)
            // The first write that the cut reaches into was asked for when that much had been acknowledged.
            let told = try #require(found.last { $0.bytes <= cut }).told
            try #require(program.problems(on: log.cuttingLog(to: cut), told: told) == [], "cut at \(cut)")
        }
        print("figure: cuts of the log: \(Self.states)")
    }
}

import DiskWorkload
import PenstockSQLite
import PenstockSQLiteTesting
import PenstockTesting
import Testing

/// The power fails at any moment: whatever the disk got to, what was acknowledged is there, whole.
@Suite("The power fails", .timeLimit(.minutes(60)))
struct PowerLossTests {
    /// How many states of the disk: 1,000 in the normal run, 100,000 in the long one.
    private static let states = isLongRun ? 100_000 : 1000

    @Test func `nothing acknowledged is lost, and nothing is there by half`() throws {
        let (clock, seed) = (ContinuousClock(), UInt64.random(in: .min ... .max))
        let begin = clock.now
        let (looked, problems) = try PowerLoss.lose(PowerLoss.settings(), states: Self.states, seed: seed)
        #expect(problems == [], "seed \(seed)")
        #expect(looked == Self.states)
        print("figure: power failures: \(looked) states of the disk in \(begin.duration(to: clock.now)), seed \(seed)")
    }

    /// The same on a disk that does not sync: a check that finds nothing there would find nothing anywhere.
    @Test func `a sync that is left out is found out`() throws {
        let (clock, seed) = (ContinuousClock(), UInt64.random(in: .min ... .max))
        for (name, settings) in [
            ("synchronous = OFF", PowerLoss.settings { $0.honorsSyncs = false }),
            ("the weaker durability", PowerLoss.settings { $0.durability = .relaxed }),
        ] {
            let begin = clock.now
            let (looked, problems) = try PowerLoss.lose(settings, states: 1000, seed: seed)
            #expect(problems != [], "\(name), seed \(seed)")
            print("figure: planted: \(name): found in state \(looked), after \(begin.duration(to: clock.now))")
        }
    }

    @Test func `a log that is cut anywhere keeps the longest whole part`() throws {
        let cuts = try LogCuts()
        #expect(cuts.bytes.count > 500_000)
        var chance = SeededGenerator(seed: 5)
        for _ in 0..<Self.states {
            try #require(cuts.problems(cutAt: Int.random(in: cuts.bytes, using: &chance)) == [])
        }
        print("figure: cuts of the log: \(Self.states)")
    }
}

import Penstock
import PenstockTesting
import Testing

@Suite("A store that fails at every call in turn", .timeLimit(.minutes(60)))
struct FaultTests {
    static let replays = [EngineConfiguration.Replay.whenNeeded, .always]

    private static let sweep = FaultSweep {
        let disks = MemoryDisks()
        return { place, environment in try await disks[place].open(environment) }
    }

    /// Has every call of every method fail in turn, and prints what came of it.
    private func sweep(
        _ replay: EngineConfiguration.Replay,
        _ moment: FaultyStore.Moment,
        _ course: FaultSweep.Course,
        _ what: String
    ) throws {
        var (faults, injected) = (0, 0)
        for method in FaultyStore.Method.allCases {
            var (call, met, missed) = (0, 0, 0)
            // In another order of events a program may make fewer calls, so that one miss is not the end.
            while missed < 3 {
                call += 1
                let errors = self.failures(FaultSweep.Point(method, call: call, moment, course, replay))
                injected += errors
                if errors > 0 { met += 1 } else { missed += 1 }
            }
            #expect(met > 0, "the program does not call '\(method)'")
            faults += met
        }
        print(
            "figure: \(injected) errors \(moment) the effect of a call, in \(faults) programs \(what) (\(replay))"
        )
    }

    /// Runs the program with one fault, and returns how many calls have failed.
    private func failures(_ point: FaultSweep.Point) -> Int {
        do {
            return try Self.sweep.check(point)
        } catch {
            Issue.record("\(point): \(error)")
            return 0
        }
    }

    @Test(arguments: Self.replays, FaultyStore.Moment.allCases)
    func `a method that fails once, at any call, changes nothing of what a program comes to`(
        replay: EngineConfiguration.Replay,
        moment: FaultyStore.Moment
    ) throws {
        try self.sweep(replay, moment, .once, "whose store failed once")
    }

    @Test(arguments: Self.replays, FaultyStore.Moment.allCases)
    func `a method that fails from any call on until it is mended acknowledges nothing that is not there`(
        replay: EngineConfiguration.Replay,
        moment: FaultyStore.Moment
    ) throws {
        try self.sweep(replay, moment, .lasting, "whose store failed until it was mended")
    }

    @Test(arguments: Self.replays, FaultyStore.Moment.allCases)
    func `a program that is cancelled while a method fails ends, and leaves everything to the next`(
        replay: EngineConfiguration.Replay,
        moment: FaultyStore.Moment
    ) throws {
        try self.sweep(replay, moment, .cancelled, "that were cancelled while their store failed")
    }
}

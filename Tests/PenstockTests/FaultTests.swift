import Penstock
import PenstockTesting
import Testing

@Suite("A store that fails at every call in turn", .timeLimit(.minutes(60)))
struct FaultTests {
    static let replays = [EngineConfiguration.Replay.whenNeeded, .always]

    private static func matrix(_ replay: EngineConfiguration.Replay) -> CrashMatrix {
        let disks = MemoryDisks()
        return CrashMatrix(runs: 1, replay: replay) { place, environment in try await disks[place].open(environment) }
    }

    /// Runs the program with one fault, and returns how many calls have failed.
    private func failures(
        _ fault: FaultyStore.Fault,
        _ replay: EngineConfiguration.Replay,
        _ check: @escaping @Sendable (CrashMatrix, RuntimeEnvironment) async throws -> Int
    ) -> Int {
        let simulation = Simulation(seed: UInt64(fault.call))
        do {
            return try simulation.run(for: .seconds(2000)) { [environment = simulation.environment] in
                try await check(Self.matrix(replay), environment)
            }
        } catch {
            Issue.record("\(fault), seed \(simulation.seed): \(error)\n\(simulation.notices.all.suffix(4))")
            return 0
        }
    }

    /// Has every call of every method fail in turn, and prints what came of it.
    private func sweep(
        _ replay: EngineConfiguration.Replay,
        _ moment: FaultyStore.Moment,
        lasts: Bool,
        _ what: String,
        _ check: @escaping @Sendable (CrashMatrix, FaultyStore.Fault, RuntimeEnvironment) async throws -> Int
    ) throws {
        var (faults, injected) = (0, 0)
        for method in FaultyStore.Method.allCases {
            var (call, met, missed) = (0, 0, 0)
            // In another order of events a program may make fewer calls, so that one miss is not the end.
            while missed < 3 {
                call += 1
                let fault = FaultyStore.Fault(method, call: call, moment, lasts: lasts)
                let errors = self.failures(fault, replay) { try await check($0, fault, $1) }
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

    @Test(arguments: Self.replays, FaultyStore.Moment.allCases)
    func `a method that fails once, at any call, changes nothing of what a program comes to`(
        replay: EngineConfiguration.Replay,
        moment: FaultyStore.Moment
    ) throws {
        try self.sweep(replay, moment, lasts: false, "whose store failed once") {
            try await $0.check($1, at: "once", under: $2)
        }
    }

    @Test(arguments: Self.replays, FaultyStore.Moment.allCases)
    func `a method that fails from any call on until it is mended acknowledges nothing that is not there`(
        replay: EngineConfiguration.Replay,
        moment: FaultyStore.Moment
    ) throws {
        try self.sweep(replay, moment, lasts: true, "whose store failed until it was mended") {
            try await $0.check($1, at: "lasting", under: $2)
        }
    }

    @Test(arguments: Self.replays, FaultyStore.Moment.allCases)
    func `a program that is cancelled while a method fails ends, and leaves everything to the next`(
        replay: EngineConfiguration.Replay,
        moment: FaultyStore.Moment
    ) throws {
        try self.sweep(replay, moment, lasts: true, "that were cancelled while their store failed") {
            try await $0.checkCancelled($1, at: "ended", under: $2)
        }
    }
}

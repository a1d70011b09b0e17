import Foundation
import Penstock
import PenstockTesting
import Testing

@Suite("The histories of clients of a store in memory", .timeLimit(.minutes(60)))
struct HistoryTrialTests {
    /// `PENSTOCK_LONG=1` looks at many more.
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == "1"

    @Test func `are linearizable in every order of events`() throws {
        for seed in 0..<UInt64(Self.isLong ? 1000 : 20) {
            let simulation = Simulation(seed: seed)
            let report = try simulation.run {
                var trial = HistoryTrial(seed: seed)
                trial.calls = 100
                return try await trial.run { await MemoryStore(environment: simulation.environment) }
            }
            #expect(report.isSound, "with seed \(seed): \(report)")
        }
    }

    @Test func `are linearizable on all threads`() async throws {
        for seed in 0..<UInt64(Self.isLong ? 100 : 2) {
            let report = try await HistoryTrial(seed: seed).run { await MemoryStore() }
            print("seed \(seed): \(report)")
            #expect(report.isSound, "with seed \(seed): \(report)")
        }
    }
}

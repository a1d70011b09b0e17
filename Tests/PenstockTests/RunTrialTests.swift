import Foundation
import PenstockTesting
import Testing

@Suite("Random lives of one run", .timeLimit(.minutes(60)))
struct RunTrialTests {
    /// `PENSTOCK_LONG=1` looks at many more.
    private static let seeds: UInt64 = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == nil ? 20_000 : 1_000_000

    @Test func `whatever happens in whatever order, the body comes to its end`() throws {
        var happened = 0
        for seed in 0..<Self.seeds {
            var trial = RunTrial(seed: seed)
            happened += try trial.live()
        }
        #expect(happened > 10 * Int(Self.seeds), "something happens in every life")
    }
}

import Foundation
import Penstock
import PenstockTesting
import Synchronization
import Testing

@Suite("A table that fails at every call in turn", .timeLimit(.minutes(60)))
struct TableFaultTests {
    /// With the long tests, every call; otherwise every one of the first, and some of the rest.
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil

    @Test(arguments: [1, 3])
    func `a store over it keeps every promise, when what is unavailable is tried again`(calls: Int) throws {
        var (programs, failures) = (0, 0)
        for promise in StoreConformance.cases where !promise.isLarge {
            var call = 1
            while true {
                let simulation = Simulation(seed: UInt64(call))
                do {
                    let failed = try simulation.run(for: .seconds(200_000)) { [call] in
                        try await StoreConformance.check(promise, failingAt: call, calls: calls, in: simulation)
                    }
                    guard failed > 0 else { break }
                    failures += failed
                } catch {
                    Issue.record("'\(promise)', \(calls) calls from \(call) on: \(error)")
                }
                programs += 1
                call += Self.isLong || call * calls < 12 ? 1 : 1 + call * calls / 3
            }
        }
        #expect(programs > 500)
        print("figure: \(failures) calls of the table failed, \(calls) in a row, under \(programs) programs")
    }
}

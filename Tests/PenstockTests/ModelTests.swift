import Foundation
import PenstockTesting
import Testing

@Suite("A store compared with a model", .timeLimit(.minutes(60)))
struct ModelTests {
    /// `PENSTOCK_LONG=1` looks at many more.
    private static let seeds: UInt64 = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == "1" ? 20_000 : 300

    @Test func `a random life with restarts is as the model has it`() throws {
        for seed in 0..<Self.seeds {
            let (simulation, disks) = (Simulation(seed: seed), MemoryDisks())
            let conformance = StoreConformance(keeps: true) { place, environment in
                try await disks[place].open(environment)
            }
            try simulation.run { try await conformance.trial(in: simulation, steps: 150) }
        }
    }

    @Test func `a random life on all threads is as the model has it`() async throws {
        let disks = MemoryDisks()
        let conformance = StoreConformance(keeps: true) { place, environment in
            try await disks[place].open(environment)
        }
        try await conformance.trial(seeds: 0..<Self.seeds / 10, steps: 300)
    }
}

import Penstock
import PenstockTesting
import Testing

@Suite("What a store promises, in memory", .timeLimit(.minutes(60)))
struct ConformanceTests {
    private static let memory = StoreConformance(keeps: false) { _, environment in
        await MemoryStore(environment: environment)
    }

    @Test(arguments: StoreConformance.cases)
    func `the store in memory keeps its promise`(_ promise: ConformanceCase) async throws {
        try await Self.memory.check(promise)
    }

    @Test(arguments: StoreConformance.cases.filter(\.reopens))
    func `a disk in memory keeps its promise`(_ promise: ConformanceCase) async throws {
        let disks = MemoryDisks()
        let conformance = StoreConformance(keeps: true) { place, environment in
            try await disks[place].open(environment)
        }
        try await conformance.check(promise)
    }

    @Test(arguments: StoreConformance.cases)
    func `the store keeps its promise in every order of events`(_ promise: ConformanceCase) throws {
        for seed in 0..<(promise.isLarge ? 1 : 20) {
            let simulation = Simulation(seed: UInt64(seed))
            do {
                try simulation.run { try await Self.memory.check(promise, in: simulation) }
            } catch {
                throw SeededFailure(seed: UInt64(seed), cause: error)
            }
        }
    }
}

/// What went wrong, and the seed with which to see it again.
struct SeededFailure: Error, CustomStringConvertible {
    let seed: UInt64
    let cause: any Error

    var description: String { "with seed \(self.seed): \(self.cause)" }
}

import Penstock
import PenstockTesting
import Testing

@Suite("A process that dies at every call of its store", .timeLimit(.minutes(60)))
struct CrashMatrixTests {
    private func matrix(_ disks: MemoryDisks) -> CrashMatrix {
        CrashMatrix { place, environment in try await disks[place].open(environment) }
    }

    @Test func `dies before every call and after every call, and comes to the same`() throws {
        let matrix = self.matrix(MemoryDisks())
        let simulation = Simulation()
        let calls = try simulation.run(for: .seconds(120)) { [environment = simulation.environment] in
            try await matrix.callsWithoutCrash(at: "whole", under: environment)
        }
        #expect(calls > 50)
        for call in 1...calls {
            for point in [CrashingStore.Point.before(call), .after(call)] {
                try self.crash(matrix, point, Simulation(seed: UInt64(call)))
            }
        }
        #expect(matrix.deaths > calls)
    }

    private func crash(_ matrix: CrashMatrix, _ point: CrashingStore.Point, _ simulation: Simulation) throws {
        do {
            try simulation.run(for: .seconds(120)) { [environment = simulation.environment] in
                try await matrix.check(point, at: "\(point)", under: environment)
            }
        } catch {
            Issue.record("\(point), seed \(simulation.seed): \(error)\n\(simulation.notices.all.suffix(4))")
        }
    }

    @Test(arguments: [CrashingStore.Outage.refuses, .losesAnswers])
    func `commits that fail for a while, wherever that begins, lose and double nothing`(
        outage: CrashingStore.Outage
    ) throws {
        let matrix = self.matrix(MemoryDisks())
        for commits in 0..<60 {
            let simulation = Simulation(seed: UInt64(commits))
            do {
                try simulation.run(for: .seconds(120)) { [environment = simulation.environment] in
                    try await matrix.check(
                        outage,
                        ofCommits: 3,
                        at: "\(commits)",
                        under: environment,
                        after: commits
                    )
                }
            } catch {
                Issue.record("after \(commits) commits: \(error)\n\(simulation.notices.all.suffix(4))")
            }
        }
    }
}

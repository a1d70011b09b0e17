import Foundation
import Penstock
import PenstockTesting
import Testing

@Suite("A store that breaks a promise is found out by its histories", .timeLimit(.minutes(60)))
struct PlantedViolationTests {
    /// `PENSTOCK_LONG=1` looks at many more.
    private static let seeds: UInt64 = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == "1" ? 200 : 5

    @Test(arguments: PlantedStore.Bug.allCases)
    func `whichever it is`(_ bug: PlantedStore.Bug) throws {
        var (struck, found, calls) = (0, 0, [Int]())
        for seed in 0..<Self.seeds {
            let simulation = Simulation(seed: seed)
            let (report, strikes) = try simulation.run {
                var trial = HistoryTrial(seed: seed)
                trial.calls = 250
                let store = PlantedStore(over: await MemoryStore(environment: simulation.environment), bug, seed: seed)
                return (try await trial.run { store }, store.strikes)
            }
            #expect(report.undecided.isEmpty, "with seed \(seed): \(report)")
            struck += strikes > 0 ? 1 : 0
            guard let finding = report.findings.first else { continue }
            if found == 0 { print("planted \(bug.rawValue): with seed \(seed): \(finding)") }
            found += 1
            calls.append(finding.call)
        }
        calls.sort()
        let median = calls.isEmpty ? 0 : calls[calls.count / 2]
        print("planted \(bug.rawValue): found with \(found) of \(struck) seeds, after \(median) calls (median)")
        #expect(struck > 0)
        // Half a transaction of unknown outcome shows only when both of its items are looked at again, and now and then
        // nobody looks at what another bug has done either.
        #expect(bug == .tearsTransactions ? found * 2 >= struck : found * 20 >= struck * 19)
    }
}

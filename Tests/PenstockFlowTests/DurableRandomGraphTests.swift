import Foundation
import Penstock
import PenstockFlow
import PenstockSQLiteTesting
import PenstockTesting
import Testing

/// Random graphs that die at random calls of their store, over SQLite on a disk in memory.
///
/// Each lives in a world of its own, in rows of a few items, so that forty items are many transactions.
@Suite("Random graphs with their links in a store", .timeLimit(.minutes(600)))
struct DurableRandomGraphTests {
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil

    @Test func `what ends at random calls comes to the same in the end`() throws {
        // Half of the seeds are the same every time, the others are new.
        let count: UInt64 = Self.isLong ? 5000 : 40
        let fresh = UInt64.random(in: 1 << 32...1 << 62)
        print("first of the new seeds: \(fresh)")
        var (crashes, failures, seen) = (0, 0, [String: Int]())
        for seed in Array(0..<count) + Array(fresh..<fresh + count) {
            var life = DurableLife(seed: seed)
            let result: String
            do {
                result = try life.run()
            } catch {
                result = "\(error)"
            }
            if !["completed", "failed"].contains(result) { Issue.record("seed \(seed): \(result)") }
            seen[["completed", "failed"].contains(result) ? result : "wrong", default: 0] += 1
            (crashes, failures) = (crashes + life.crashes, failures + life.failures)
        }
        let ends = seen.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print("figure: random durable graphs: \(ends), crashes: \(crashes), commits that failed: \(failures)")
        #expect(seen["completed", default: 0] > 0 && crashes > 0 && failures > 0)
    }
}

/// The lives of the run of one random graph, until one of them comes to its end.
struct DurableLife {
    private let random: RandomGraph
    private let seed: UInt64
    private var chance: SeededGenerator
    private var sizes = DurableSizes()
    private(set) var crashes = 0
    private(set) var failures = 0

    init(seed: UInt64) {
        (self.random, self.seed) = (RandomGraph(seed: seed), seed)
        self.chance = SeededGenerator(seed: seed ^ 0x5eed)
        self.sizes.rows = 1 + self.draw(4)
        self.sizes.chunk = 1 + self.draw(4)
        self.sizes.consumed = 1 + self.draw(5)
    }

    private mutating func draw(_ bound: Int) -> Int { Int(self.chance.next() % UInt64(bound)) }

    /// How a life has ended.
    private enum End: Sendable {
        case completed([RandomGraph.Marked], rows: [String])
        /// At a node.
        case failed(String)
        case crashed
    }

    /// What goes wrong in a life: commits that fail, one after the other, and then its end.
    private struct Misfortune: Sendable {
        var faults: [FaultyStore.Fault] = []
        var end: CrashingStore.Point?
    }

    /// - Parameter goesOn: Whether the life is to end before the run does.
    private mutating func misfortune(goesOn: Bool) -> Misfortune {
        var misfortune = Misfortune()
        for _ in 0..<self.draw(3) {
            let moment: FaultyStore.Moment = self.draw(2) == 0 ? .before : .after
            let call = 1 + self.draw(60)
            misfortune.faults.append(FaultyStore.Fault(.commit, call: call, moment, lasts: self.draw(2) == 0))
        }
        let call = 1 + self.draw(self.draw(2) == 0 ? 20 : 150)
        if !goesOn { misfortune.end = self.draw(2) == 0 ? .before(call) : .after(call) }
        return misfortune
    }

    /// - Returns: "completed" or "failed", as it should, or what is wrong.
    mutating func run() throws -> String {
        var disk = CrashDisk()
        let expected = self.random.expectation
        while true {
            let misfortune = self.misfortune(goesOn: self.crashes == 12)
            switch try self.live(on: disk, misfortune) {
            case .crashed:
                self.crashes += 1
                disk = self.draw(2) == 0 ? disk.afterKill() : disk.afterPowerFailure(seed: self.chance.next())
            case .failed(let node):
                return expected.failing.contains(node) ? "failed" : "\(node) has failed, of \(expected.failing)"
            case .completed(let items, let rows):
                if rows != ["run"] { return "left behind: \(rows)" }
                return RandomGraphTests.difference(items, expected) ?? "completed"
            }
        }
    }

    private mutating func live(on disk: CrashDisk, _ misfortune: Misfortune) throws -> End {
        let simulation = Simulation(seed: self.chance.next())
        let (end, failures) = try simulation.run { [life = self, environment = simulation.environment] in
            let store = try await disk.open(environment)
            do {
                let result = try await life.live(in: store, misfortune)
                await store.close()
                return result
            } catch {
                await store.close()
                throw error
            }
        }
        self.failures += failures
        return end
    }

    private func live(in store: any Store, _ misfortune: Misfortune) async throws -> (End, failures: Int) {
        var failures = 0
        for fault in misfortune.faults {
            let faulty = FaultyStore(over: store, fault: fault)
            let failed = try await self.attempt(in: faulty) { faulty.injected > 0 }
            if let failed { return (.failed(failed), failures) }
            failures += faulty.injected > 0 ? 1 : 0
        }
        let dying = CrashingStore(over: store, dyingAt: misfortune.end)
        if let failed = try await self.attempt(in: dying, { dying.isDead }) { return (.failed(failed), failures) }
        if dying.isDead { return (.crashed, failures) }
        let items = try await DurableGraphBoundsTests.all(Queue<RandomGraph.Marked>("marked", in: store))
        let rows = try await store.items(ItemQuery(.roots(queue: nil))).filter { $0.queue != "marked" }
        return (.completed(items, rows: rows.map(\.key)), failures)
    }

    /// Runs it, as far as it comes.
    /// - Returns: the node that has failed by itself, if one has.
    private func attempt(in store: any Store, _ isStruck: () -> Bool) async throws -> String? {
        do {
            let output = try Queue<RandomGraph.Marked>("marked", in: store)
            let graph = try self.random.graph()
            _ = try await graph.run(0..<self.random.count, in: store, as: "run", to: output, sizes: self.sizes)
        } catch let failure as GraphFailure {
            if case .failed(let first) = failure.result.outcome, first.error is RandomGraph.Failed { return first.node }
            guard isStruck() else { throw failure }
        } catch {
            guard isStruck() else { throw error }
        }
        return nil
    }
}

import Penstock
import PenstockFlow
import PenstockTesting
import Synchronization
import Testing

@Suite("Graphs with their links in a store", .timeLimit(.minutes(60)))
struct DurableGraphTests {
    private static func all<Value>(_ queue: Queue<Value>) async throws -> [Value] {
        var values: [Value] = []
        while let lease = try await queue.reserveIfReady() {
            values.append(lease.value)
            try await lease.complete()
        }
        return values
    }

    private static func double(_ name: String = "double", workers: Int = 1) -> Processor<Int, Int> {
        Processor(name, workers: workers) { 2 * $0 }
    }

    @Test func `what comes out is in the queue, in order, once`() async throws {
        let store = await MemoryStore()
        let output = try Queue<Int>("numbers", in: store)
        let graph = try Graph("chain") { (graph, numbers: Wire<Int>) in
            graph.add(Self.double("again", workers: 4), graph.add(Self.double(), numbers))
        }
        let result = try await graph.run(0..<10_000, in: store, as: "run", to: output)
        #expect(result.nodes.map(\.counts.put) == [10_000, 10_000, 10_000, 0])
        // It has ended, and does nothing when it is run again.
        _ = try await graph.run(0..<10_000, in: store, as: "run", to: output)
        #expect(try await Self.all(output) == (0..<10_000).map { 4 * $0 })
        let left = try await store.counts().filter { $0.queue.hasPrefix("run") && $0.ready + $0.leased > 0 }
        #expect(left.isEmpty, "nothing is left of it: \(left)")
    }

    @Test func `it comes to the same as in memory`() async throws {
        for seed in UInt64(0)..<400 {
            let random = RandomGraph(seed: seed)
            let expected = random.expectation
            let store = await MemoryStore()
            let output = try Queue<RandomGraph.Marked>("marked", in: store)
            do {
                _ = try await random.graph().run(0..<random.count, in: store, as: "run", to: output)
                #expect(expected.failing.isEmpty, "seed \(seed)")
            } catch let failure as GraphFailure {
                guard case .failed(let first) = failure.result.outcome, expected.failing.contains(first.node) else {
                    Issue.record("seed \(seed): \(failure)")
                    continue
                }
                continue
            }
            let difference = RandomGraphTests.difference(try await Self.all(output), expected)
            if let difference { Issue.record("seed \(seed): \(difference)") }
        }
    }
}

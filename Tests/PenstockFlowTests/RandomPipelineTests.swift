import Foundation
import PenstockFlow
import PenstockTesting
import Synchronization
import Testing

/// Random pipelines against what simple arithmetic says of them.
@Suite("Random pipelines", .serialized, .timeLimit(.minutes(60)))
struct RandomPipelineTests {
    /// A pipeline without circles: each segment sends to some of those after it.
    private struct Plan {
        let capacities: [Int]
        let targets: [[Int]]
        let count: Int
        /// The segment that fails at an item, if any does.
        let failing: (segment: Int, item: Int)?

        init(seed: UInt64) {
            var chance = SeededGenerator(seed: seed)
            let size = 2 + Int(chance.next() % 6)
            self.capacities = (0..<size).map { _ in [1, 2, 7, 64][Int(chance.next() % 4)] }
            self.targets = (0..<size).map { place in
                (place + 1..<size).filter { $0 == place + 1 || chance.next() % 3 == 0 }
            }
            self.count = Int(chance.next() % 200)
            let fails = chance.next() % 4 == 0
            self.failing = fails ? (Int(chance.next() % UInt64(size)), Int(chance.next() % 200)) : nil
        }

        /// How many copies of each item a segment gets: as many as there are ways to it.
        var ways: [Int] {
            var ways = [1] + [Int](repeating: 0, count: self.targets.count - 1)
            for (place, targets) in self.targets.enumerated() {
                for target in targets { ways[target] += ways[place] }
            }
            return ways
        }

        func pipeline(_ seen: Collected<Int>) -> PipelineManager {
            PipelineManager(self.targets.indices.map { self.segment($0, seen) }, start: Self.name(0))
        }

        /// Names that no other test has, since those of threads begin with them.
        static func name(_ place: Int) -> String { "rnd\(place)" }

        private func segment(_ place: Int, _ seen: Collected<Int>) -> Segment {
            let name = Self.name(place)
            let (count, failing) = (place == 0 ? self.count : nil, self.failing)
            let (targets, isLast) = (self.targets[place].map(Self.name), place == self.targets.count - 1)
            return Segment(name, capacity: self.capacities[place]) {
                FlatMap { (item: Int, put: (Int) throws -> Void) in
                    if let count { for item in 0..<count { try put(item) } } else { try put(item) }
                }
                Probe(onItem: { item in
                    if let failing, failing.segment == place, failing.item == item {
                        throw Broken(description: "item \(item)")
                    }
                    if isLast { seen.add(item) }
                })
                Fanned(targets)
            }
        }
    }

    @Test func `every item arrives as often as there are ways, or the pipeline says what has failed`() async {
        for seed in 0..<200 as Range<UInt64> {
            let (plan, seen) = (Plan(seed: seed), Collected<Int>())
            let result = await plan.pipeline(seen).run(0)
            if let failing = plan.failing, failing.item < plan.count {
                guard case .failed(let reason) = result.outcome, reason.hasSuffix("item \(failing.item)") else {
                    Issue.record("seed \(seed): \(result)")
                    return
                }
                continue
            }
            #expect(result.outcome == .completed, "seed \(seed): \(result)")
            let ways = plan.ways
            #expect(
                seen.all.sorted() == (0..<plan.count).flatMap { [Int](repeating: $0, count: ways[ways.count - 1]) },
                "seed \(seed)"
            )
            let items = [1] + ways.dropFirst().map { $0 * plan.count }
            #expect(result.segments.map(\.items) == items, "seed \(seed)")
        }
    }

    #if os(Linux)
    @Test func `no thread of a pipeline is left behind, however it has ended`() async throws {
        for seed in 1000..<1100 as Range<UInt64> {
            let pipeline = Plan(seed: seed).pipeline(Collected())
            if seed.isMultiple(of: 5) { pipeline.abort("seed \(seed)") }
            _ = await pipeline.run(0)
        }
        // While a segment works, its thread is seen.
        let seen = Collected<Bool>()
        let witness = Segment("rnd") {
            ForEach { (_: Int) in seen.add(try Self.threads().contains { $0.hasPrefix("runner rnd") }) }
        }
        _ = await PipelineManager([witness], start: "rnd").run(0)
        #expect(seen.all == [true])
        // Who has given his result has still to return; the other tests of this suite wait for their turn.
        while try Self.threads().contains(where: { $0.contains(" rnd") }) { await Task.yield() }
    }

    /// The names of all threads of this process.
    private static func threads() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").map { task in
            // A thread that has ended meanwhile has no name.
            (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) ?? ""
        }
    }
    #endif
}

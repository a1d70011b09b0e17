import PenstockFlow
import PenstockTesting
import Testing

@Suite("Joins", .timeLimit(.minutes(60)))
struct GraphJoinTests {
    private static func collect<Item>(_ run: GraphRun<Item>) async throws -> [Item] {
        var items: [Item] = []
        for try await item in run { items.append(item) }
        return items
    }

    /// Works on several at once, gives way a random number of times, and fails for some.
    private static func jitter(
        _ name: String,
        isOrdered: Bool = false,
        failing: Set<Int> = [],
        _ policy: ErrorPolicy = .fail
    ) -> Processor<Int, Int> {
        Processor(name, workers: 8, isOrdered: isOrdered, errorPolicy: policy) { number in
            for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
            if failing.contains(number) { throw Odd(number: number) }
            return number
        }
    }

    private struct Odd: Error {
        let number: Int
    }

    @Test func `items that were made of one are paired, in whatever order they come`() async throws {
        let graph = try Graph("jitter") { (graph, numbers: Wire<Int>) in
            graph.join("both", graph.add(Self.jitter("a"), numbers), graph.add(Self.jitter("b"), numbers))
        }
        let pairs = try await Self.collect(graph.run(0..<2000))
        #expect(pairs.filter { $0.first != $0.second }.isEmpty)
        #expect(pairs.map(\.first).sorted() == Array(0..<2000))
    }

    @Test func `an item that fails takes its other with it, and shifts nobody`() async throws {
        let failing: Set = [3, 500, 999]
        for rule in [JoinRule<Int, Int>.key, .order] {
            let graph = try Graph("failing") { (graph, numbers: Wire<Int>) in
                let first = graph.add(Self.jitter("a", isOrdered: true, failing: failing, .drop), numbers)
                let second = graph.add(Self.jitter("b", isOrdered: true), numbers)
                return graph.join("both", first, second, by: rule)
            }
            let run = graph.run(0..<1000)
            let pairs = try await Self.collect(run)
            #expect(pairs == (0..<1000).filter { !failing.contains($0) }.map { Joined($0, $0) })
            let nodes = await run.result.nodes
            #expect(nodes.map(\.counts.dropped) == [0, 3, 0, 3])
        }
    }

    @Test func `what was dropped on both sides is missed by nobody`() async throws {
        let graph = try Graph("both drop") { (graph, numbers: Wire<Int>) in
            let even = Processor("even") { (number: Int, put) in if number % 2 == 0 { try await put(number) } }
            let third = Processor("third") { (number: Int, put) in if number % 3 == 0 { try await put(number) } }
            let pairs = graph.join("both", graph.add(even, numbers), graph.add(third, numbers))
            return graph.join("again", pairs, graph.add(Self.jitter("c"), numbers))
        }
        let pairs = try await Self.collect(graph.run(0..<120))
        #expect(pairs.map(\.second).sorted() == Array(stride(from: 0, to: 120, by: 6)))
    }

    @Test func `an item that has failed and comes another way is joined`() async throws {
        let graph = try Graph("mended") { (graph, numbers: Wire<Int>) in
            let (kept, failed) = graph.addCatching(Self.jitter("check", failing: [1, 3]), numbers)
            let mended = graph.add(Processor("mend") { (failed: FailedItem<Int>) in -failed.item }, failed)
            let all = graph.add(Self.jitter("all"), kept.merged(with: mended))
            return graph.join("both", numbers, all)
        }
        let pairs = try await Self.collect(graph.run(0..<5))
        #expect(Set(pairs) == [Joined(0, 0), Joined(1, -1), Joined(2, 2), Joined(3, -3), Joined(4, 4)])
    }

    @Test func `several that were made of one are paired by their places`() async throws {
        let graph = try Graph("places") { (graph, numbers: Wire<Int>) in
            func several(_ name: String) -> Processor<Int, String> {
                Processor(name, workers: 4, isOrdered: false) { number, put in
                    for place in 0..<number { try await put("\(number).\(place)") }
                }
            }
            return graph.join("both", graph.add(several("a"), numbers), graph.add(several("b"), numbers))
        }
        let pairs = try await Self.collect(graph.run([2, 0, 3]))
        #expect(pairs.allSatisfy { $0.first == $0.second })
        #expect(pairs.map(\.first).sorted() == ["2.0", "2.1", "3.0", "3.1", "3.2"])
    }

    @Test func `items are joined by what they hold`() async throws {
        let graph = try Graph("value") { (graph, words: Wire<String>) in
            let lengths = graph.add(
                Source<Int>("lengths") { put in for length in [3, 1, 2, 1] { try await put(length) } }
            )
            return graph.join("both", words, lengths, by: .value({ $0.count }, { $0 }))
        }
        let pairs = try await Self.collect(graph.run(["a", "bb", "c", "ddd"]))
        #expect(Set(pairs) == [Joined("a", 1), Joined("bb", 2), Joined("c", 1), Joined("ddd", 3)])
    }

    @Test func `items that belong to none fail the run, or are dropped and counted`() async throws {
        func graph(_ unpaired: UnpairedPolicy) throws -> Graph<Int, Joined<Int, Int>> {
            try Graph("unpaired") { graph, numbers in
                let few = graph.add(Source<Int>("few") { put in for number in 0..<5 { try await put(number) } })
                return graph.join("both", numbers, few, unpaired: unpaired)
            }
        }
        let run = try graph(.drop).run(0..<100)
        #expect(try await Self.collect(run).count == 5)
        #expect(await run.result.nodes.last?.counts.failed == 95)
        let failure = await #expect(throws: GraphFailure.self) {
            _ = try await Self.collect(try graph(.fail).run(0..<100))
        }
        #expect("\(failure as Any)".contains("node 'both'"))
        #expect("\(failure as Any)".contains("of the first stream and 0 of the second have no other"))
    }

    @Test func `two streams of which nothing belongs together are not held without end`() async throws {
        let graph = try Graph("apart") { (graph, numbers: Wire<Int>) in
            let others = graph.add(Source<Int>("others") { put in for number in 0..<9999 { try await put(-number) } })
            return graph.join("both", numbers, others, by: .value({ $0 }, { $0 }), maximumSize: 100)
        }
        let failure = await #expect(throws: GraphFailure.self) { _ = try await Self.collect(graph.run(1..<9999)) }
        #expect("\(failure as Any)".contains("100 items of the first stream and 100 of the second are held"))
    }

    @Test func `the order of two joins of one wire is the order of the wire`() async throws {
        let graph = try Graph("order") { (graph, numbers: Wire<Int>) in
            let slow = graph.add(Self.jitter("slow", isOrdered: true), numbers)
            return graph.join("both", numbers, slow, by: .order)
        }
        #expect(try await Self.collect(graph.run(0..<5000)) == (0..<5000).map { Joined($0, $0) })
    }
}

import PenstockFlow
import Synchronization
import Testing

@Suite("Graphs of processors", .timeLimit(.minutes(60)))
struct GraphTests {
    private static func double(_ name: String = "double") -> Processor<Int, Int> { Processor(name) { 2 * $0 } }

    private static func collect<Item>(_ run: GraphRun<Item>) async throws -> [Item] {
        var items: [Item] = []
        for try await item in run { items.append(item) }
        return items
    }

    @Test func `a chain of processors keeps its items and their order`() async throws {
        let graph = try Graph("chain") { (graph, numbers: Wire<Int>) in
            let doubled = graph.add(Self.double(), numbers)
            return graph.add(Processor("text") { (number: Int) in "\(number)" }, doubled)
        }
        let run = graph.run(0..<10_000)
        #expect(try await Self.collect(run) == (0..<10_000).map { "\(2 * $0)" })
        let result = await run.result
        guard case .completed = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(result.nodes.map(\.node) == ["input", "double", "text"])
        #expect(result.nodes.map(\.counts.put) == [10_000, 10_000, 10_000])
        #expect(graph.nodes == ["double", "text"])
    }

    @Test func `a graph without an input, and one without an output`() async throws {
        let sum = Mutex(0)
        let graph = try Graph("closed") { (graph, _: Wire<Never>) in
            let numbers = graph.add(Source<Int>("numbers") { put in for number in 0..<100 { try await put(number) } })
            graph.add(Sink("sum") { (number: Int) in sum.withLock { $0 += number } }, numbers)
        }
        for try await _ in graph.run() {}
        #expect(sum.withLock { $0 } == 4950)
    }

    @Test func `what is put goes to everybody who takes it, and each has his own`() async throws {
        let graph = try Graph("fan-out") { (graph, lists: Wire<[Int]>) in
            let first = graph.add(Processor("first") { (list: [Int]) in list + [1] }, lists)
            let second = graph.add(Processor("second") { (list: [Int]) in list + [2] }, lists)
            return graph.join("both", first, second)
        }
        let pairs = try await Self.collect(graph.run([[], [7]]))
        #expect(pairs == [Joined([1], [2]), Joined([7, 1], [7, 2])])
    }

    @Test func `a merge has all items of all wires`() async throws {
        let graph = try Graph("merge") { (graph, numbers: Wire<Int>) in
            let odd = graph.add(Processor("negative") { (number: Int) in -number }, numbers)
            return graph.add(Processor("all") { (number: Int) in number }, numbers.merged(with: odd))
        }
        let items = try await Self.collect(graph.run(1...1000))
        #expect(items.sorted() == (-1000...1000).filter { $0 != 0 })
        #expect(items.filter { $0 > 0 } == Array(1...1000), "each wire's own order is kept")
    }

    @Test func `a processor puts as many as it likes`() async throws {
        let graph = try Graph("words") { (graph, lines: Wire<String>) in
            graph.add(
                Processor("words") { (line: String, put) in
                    for word in line.split(separator: " ") { try await put(String(word)) }
                },
                lines
            )
        }
        #expect(try await Self.collect(graph.run(["a b", "", "c"])) == ["a", "b", "c"])
    }

    @Test func `a gathering node puts once, after the last of all links`() async throws {
        let graph = try Graph("sum") { (graph, numbers: Wire<Int>) in
            let more = graph.add(
                Processor("twice") { (number: Int, put) in
                    try await put(number)
                    try await put(number)
                },
                numbers
            )
            let all = numbers.merged(with: more)
            return graph.add(Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum += number }, all)
        }
        #expect(try await Self.collect(graph.run(1...100)) == [15_150])
        #expect(try await Self.collect(graph.run([])) == [0], "an empty stream has a sum as well")
    }

    @Test func `items may be nil`() async throws {
        let graph = try Graph("nil") { (graph, items: Wire<Int?>) in
            graph.add(Processor("same") { (item: Int?) in item }, items)
        }
        #expect(try await Self.collect(graph.run([1, nil, 3])) == [1, nil, 3])
    }

    @Test func `a graph is a node of another`() async throws {
        let inner = try Graph("inner") { (graph, numbers: Wire<Int>) in graph.add(Self.double(), numbers) }
        let graph = try Graph("outer") { (graph, numbers: Wire<Int>) in
            let once = graph.add(inner, numbers)
            return graph.add(Self.double(), once)
        }
        #expect(graph.nodes == ["inner/double", "double"])
        #expect(try await Self.collect(graph.run([1, 2])) == [4, 8])
    }

    @Test func `what is shared by a run reaches every node, and is asked for by its type`() async throws {
        final class Tally: Sendable {
            let seen = Mutex<[String]>([])
        }
        let graph = try Graph("shared") { (graph, numbers: Wire<Int>) in
            let first = graph.add(
                Processor(
                    "first",
                    in: { (number: Int, context) in
                        try context.shared(as: Tally.self).seen.withLock { $0.append(context.node) }
                        return number
                    }
                ),
                numbers
            )
            return graph.add(
                Processor(
                    "second",
                    in: { (number: Int, context) in
                        try context.shared(as: Tally.self).seen.withLock { $0.append(context.node) }
                        return number
                    }
                ),
                first
            )
        }
        let tally = Tally()
        _ = try await Self.collect(graph.run([1], sharing: tally))
        #expect(tally.seen.withLock { $0 } == ["first", "second"])
        let failure = await #expect(throws: GraphFailure.self) { _ = try await Self.collect(graph.run([1])) }
        #expect("\(failure as Any)".contains("node 'first', item 0: node 'first' asks for Tally"))
    }

    @Test func `everything that is wrong with a graph is said at once`() throws {
        let errors = #expect(throws: FlowErrors.self) {
            try Graph("bad") { (graph, numbers: Wire<Int>) -> Wire<Int> in
                let first = graph.add(Self.double("same"), numbers)
                _ = graph.add(Self.double("same"), first)
                _ = graph.add(Self.double("lost"), first)
                _ = graph.addCatching(Self.double("half"), first).output
                return first
            }
        }
        let codes = try #require(errors).errors.map(\.code)
        #expect(codes == [.duplicateNode, .unusedOutput, .unusedOutput, .unusedOutput, .unusedOutput])
        #expect(try #require(errors).description.contains("the failed items of 'half' goes nowhere"))
        #expect(throws: FlowErrors.self) {
            try Graph("bad") { (graph, _: Wire<Int>) in graph.add(Source<Int>("numbers") { _ in }) }
        }
    }
}

import PenstockFlow
import Synchronization
import Testing

@Suite("Graphs whose processors fail or are cancelled", .timeLimit(.minutes(60)))
struct GraphErrorTests {
    private struct Bad: Error, CustomStringConvertible {
        let number: Int
        var description: String { "\(self.number) is bad" }
    }

    private static func check(_ policy: ErrorPolicy, workers: Int = 1) -> Processor<Int, Int> {
        Processor("check", workers: workers, errorPolicy: policy) { (number: Int, put) in
            try await put(number)
            if number % 10 == 7 { throw Bad(number: number) }
        }
    }

    private static func collect<Item>(_ run: GraphRun<Item>) async throws -> [Item] {
        var items: [Item] = []
        for try await item in run { items.append(item) }
        return items
    }

    @Test(arguments: [1, 4])
    func `an item that fails fails the run, which names node, item and reason`(workers: Int) async throws {
        let graph = try Graph("failing") { (graph, numbers: Wire<Int>) in
            let checked = graph.add(Self.check(.fail, workers: workers), numbers)
            return graph.add(Processor("after") { (number: Int) in number }, checked)
        }
        let run = graph.run(0...)
        let failure = await #expect(throws: GraphFailure.self) { _ = try await Self.collect(run) }
        #expect("\(failure as Any)".contains("graph 'failing' has failed: node 'check', item 7: 7 is bad"))
        let result = await run.result
        guard case .failed(let first) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(first.node == "check" && first.lineage == Lineage(7))
        // Nobody hangs, and nobody but the one has failed.
        #expect(result.nodes.map { if case .cancelled = $0.outcome { true } else { false } } == [true, false, true])
    }

    @Test(arguments: [1, 4])
    func `an item that fails is dropped and counted, with what was put for it`(workers: Int) async throws {
        let graph = try Graph("dropping") { (graph, numbers: Wire<Int>) in
            graph.add(Self.check(.drop, workers: workers), numbers)
        }
        let run = graph.run(0..<100)
        #expect(try await Self.collect(run) == (0..<100).filter { $0 % 10 != 7 })
        let counts = await run.result.nodes.map(\.counts)
        #expect(counts.map(\.dropped) == [0, 10])
        #expect(counts.map(\.taken) == [0, 100])
        #expect(counts.map(\.put) == [100, 90])
    }

    @Test(arguments: [1, 4])
    func `an item that fails is sent on as such`(workers: Int) async throws {
        let failures = Mutex<[FailedItem<Int>]>([])
        let graph = try Graph("routing") { (graph, numbers: Wire<Int>) in
            let (good, bad) = graph.addCatching(Self.check(.fail, workers: workers), numbers)
            graph.add(Sink("bad") { (failed: FailedItem<Int>) in failures.withLock { $0.append(failed) } }, bad)
            return good
        }
        let run = graph.run(0..<100)
        #expect(try await Self.collect(run) == (0..<100).filter { $0 % 10 != 7 })
        let seen = failures.withLock { $0 }
        #expect(seen.map(\.item) == Array(stride(from: 7, to: 100, by: 10)))
        #expect(seen.map(\.lineage.number) == seen.map(\.item))
        #expect(seen.allSatisfy { $0.node == "check" && $0.reason == "\($0.item) is bad" })
        #expect(await run.result.nodes.map(\.counts.failed) == [0, 10, 0])
    }

    @Test(arguments: ErrorPolicy.allCases)
    func `a processor that is cancelled has not failed`(policy: ErrorPolicy) async throws {
        let graph = try Graph("cancelled") { (graph, numbers: Wire<Int>) in
            let stop = Processor("stop", errorPolicy: policy) { (number: Int) in
                if number == 3 { throw CancellationError() }
                return number
            }
            guard policy == .route else { return graph.add(stop, numbers) }
            let (good, bad) = graph.addCatching(stop, numbers)
            graph.add(Sink("bad") { (_: FailedItem<Int>) in }, bad)
            return good
        }
        let run = graph.run(0...)
        await #expect(throws: GraphFailure.self) { _ = try await Self.collect(run) }
        let result = await run.result
        guard case .cancelled(let reason) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(reason == "node 'stop' was cancelled: it has said that it was cancelled")
    }

    @Test func `an input that fails fails the run`() async throws {
        let graph = try Graph("input") { (graph, numbers: Wire<Int>) in
            graph.add(Processor("same") { (number: Int) in number }, numbers)
        }
        let input = AsyncThrowingStream { continuation in
            continuation.yield(1)
            continuation.finish(throwing: Bad(number: 2))
        }
        var items: [Int] = []
        let run = graph.run(input)
        let failure = await #expect(throws: GraphFailure.self) { for try await item in run { items.append(item) } }
        #expect("\(failure as Any)".contains("node 'input': 2 is bad"))
    }

    @Test func `a gathering node that fails at its end fails the run`() async throws {
        let graph = try Graph("gather") { (graph, numbers: Wire<Int>) in
            graph.add(
                Gather("sum", into: 0, { (sum: inout Int, number: Int) in sum += number }) { (sum, put) in
                    try await put(sum)
                    throw Bad(number: sum)
                },
                numbers
            )
        }
        let failure = await #expect(throws: GraphFailure.self) { _ = try await Self.collect(graph.run([1, 2])) }
        #expect("\(failure as Any)".contains("node 'sum': 3 is bad"))
    }

    @Test func `a sink that fails is not a success, though all has come out`() async throws {
        let graph = try Graph("sink") { (graph, numbers: Wire<Int>) in
            graph.add(Sink("log") { (number: Int) in if number == 9 { throw Bad(number: number) } }, numbers)
            return numbers
        }
        await #expect(throws: GraphFailure.self) { _ = try await Self.collect(graph.run(0..<10)) }
    }
}

import PenstockFlow
import PenstockTesting
import Synchronization
import Testing

@Suite("Runs of graphs", .timeLimit(.minutes(60)))
struct GraphRunTests {
    private static func same(_ name: String = "same", maximumSize: Int = 1024) -> Processor<Int, Int> {
        Processor(name, maximumSize: maximumSize) { number in number }
    }

    /// Never comes, and never ends.
    private static let nothing = AsyncStream<Int>.makeStream()

    @Test func `no more is under way than the links and the workers hold`() async throws {
        let begun = Mutex(0)
        let taken = Mutex(0)
        let most = Mutex(0)
        let graph = try Graph("bounded") { (graph, numbers: Wire<Int>) in
            let count = Processor("count", maximumSize: 2) { (number: Int) in
                let begun = begun.withLock { begun in
                    begun += 1
                    return begun
                }
                most.withLock { $0 = max($0, begun - taken.withLock { $0 }) }
                return number
            }
            let counted = graph.add(count, numbers)
            let several = Processor("several", maximumSize: 2, workers: 3, isOrdered: false) { (number: Int) in number }
            return graph.add(Self.same("last", maximumSize: 2), graph.add(several, counted))
        }
        for try await _ in graph.run(0..<5000) { taken.withLock { $0 += 1 } }
        // What comes out waits in a link of 1,024; each link before holds 2, and whoever works has one in his hands.
        let bound = 1024 + [1, 2, 1, 2, 3, 1].reduce(0, +)
        #expect(most.withLock { $0 } <= bound)
    }

    @Test func `workers work at the same time, and order is kept when it is asked for`() async throws {
        for isOrdered in [true, false] {
            let gate = Gate(4)
            let graph = try Graph("workers") { (graph, numbers: Wire<Int>) in
                graph.add(
                    Processor("wait", workers: 4, isOrdered: isOrdered) { (number: Int) in
                        // Nobody passes before four are there.
                        await gate.arrive()
                        return number
                    },
                    numbers
                )
            }
            var items: [Int] = []
            for try await item in graph.run(0..<400) { items.append(item) }
            #expect(isOrdered ? items == Array(0..<400) : items.sorted() == Array(0..<400))
        }
    }

    /// Lets those who arrive go on in groups.
    private final class Gate: Sendable {
        private let size: Int
        private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

        init(_ size: Int) {
            self.size = size
        }

        func arrive() async {
            await withCheckedContinuation { continuation in
                let group = self.waiting.withLock { waiting in
                    waiting.append(continuation)
                    guard waiting.count == self.size else { return [CheckedContinuation<Void, Never>]() }
                    defer { waiting = [] }
                    return waiting
                }
                for continuation in group { continuation.resume() }
            }
        }
    }

    @Test func `whoever leaves takes the run with him`() async throws {
        let graph = try Graph("left") { (graph, numbers: Wire<Int>) in graph.add(Self.same(), numbers) }
        let run = graph.run(0...)
        for try await item in run where item == 10 { break }
        guard case .cancelled(let reason) = await run.result.outcome else {
            Issue.record("it has not ended")
            return
        }
        #expect(reason == "whoever took what came out of it has left")
    }

    @Test func `a run of which nobody takes anything ends with its last reference`() async throws {
        let (begun, ended) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        let graph = try Graph("dropped") { (graph, numbers: Wire<Int>) in
            graph.add(
                Processor("hold") { (number: Int) in
                    begun.continuation.yield()
                    for await _ in Self.nothing.stream {}
                    ended.continuation.yield()
                    return number
                },
                numbers
            )
        }
        var run: GraphRun<Int>? = graph.run(0...)
        for await _ in begun.stream { break }
        #expect(run?.progress.count == 2)
        run = nil
        for await _ in ended.stream { break }
    }

    @Test func `a task that is cancelled ends its run, and hears of it as of any cancellation`() async throws {
        let graph = try Graph("task") { (graph, numbers: Wire<Int>) in graph.add(Self.same(), numbers) }
        let run = graph.run(Self.nothing.stream)
        let task = Task {
            for try await _ in run {}
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        guard case .cancelled = await run.result.outcome else {
            Issue.record("it has not ended")
            return
        }
    }

    @Test func `a drain lets everything come out that has gone in`() async throws {
        let (stream, feeder) = AsyncStream<Int>.makeStream()
        let graph = try Graph("drain") { (graph, numbers: Wire<Int>) in
            let more = graph.add(
                Source<Int>("more") { put in
                    for number in 1... { try await put(-number) }
                }
            )
            return graph.add(Self.same(), numbers.merged(with: more))
        }
        for number in 0..<100 { feeder.yield(number) }
        let run = graph.run(stream)
        var items: [Int] = []
        for try await item in run {
            items.append(item)
            if items.count == 500 { run.drain() }
        }
        let result = await run.result
        guard case .completed = result.outcome else {
            Issue.record("\(result)")
            return
        }
        let own = items.filter { $0 < 0 }
        #expect(own == own.indices.map { -$0 - 1 }, "nothing is missing")
        #expect(result.nodes.first { $0.node == "same" }?.counts.put == items.count)
    }

    @Test func `progress says what each node has done, and what waits`() async throws {
        let graph = try Graph("progress") { (graph, numbers: Wire<Int>) in
            graph.add(Self.same(maximumSize: 8), numbers)
        }
        let run = graph.run(0..<2000)
        var iterator = run.makeAsyncIterator()
        for _ in 0..<100 { _ = try await iterator.next() }
        let progress = run.progress
        #expect(progress.map(\.node) == ["input", "same"])
        #expect(progress.map(\.capacity) == [0, 8])
        #expect(progress.allSatisfy { $0.depth <= $0.capacity && (0...1).contains($0.busy) })
        #expect(progress[1].counts.put >= 100)
        while try await iterator.next() != nil {}
        #expect(run.progress.map(\.counts.put) == [2000, 2000])
    }

    @Test func `a graph is run several times at once`() async throws {
        let graph = try Graph("again") { (graph, numbers: Wire<Int>) in
            graph.add(Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum += number }, numbers)
        }
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for run in 0..<8 {
                group.addTask {
                    var sum = 0
                    for try await item in graph.run(0...(run * 100)) { sum += item }
                    return sum
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums.sorted() == (0..<8).map { 100 * $0 * (100 * $0 + 1) / 2 })
    }
}

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

    /// Every kind of node, with a fan-out, a merge and joins.
    private static func everything() throws -> Graph<Int, Joined<Int, Int>> {
        try Graph("everything") { graph, numbers in
            let (kept, failed) = graph.addCatching(
                Processor("odd") { (number: Int) in
                    if number % 5 == 0 { throw FlowTestError() }
                    return number + 1
                },
                numbers
            )
            let mended = graph.add(Processor("mended") { (failed: FailedItem<Int>) in failed.item + 1 }, failed)
            let all = graph.add(double("all", workers: 3), kept.merged(with: mended))
            let several = graph.add(
                Processor("several") { (number: Int, put) in for _ in 0..<number % 3 { try await put(number) } },
                all
            )
            graph.add(Sink("forget") { (_: Int) in }, several)
            let source = graph.add(Source<Int>("source") { put in for number in 0..<1500 { try await put(number) } })
            let sum = graph.add(Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum += number }, several)
            let pairs = graph.join("pairs", all, source)
            let total = graph.add(Processor("with itself") { (sum: Int) in Joined(-1, sum) }, sum)
            return pairs.merged(with: total)
        }
    }

    private struct FlowTestError: Error {}

    private static func expected() -> [Joined<Int, Int>] {
        let all = (0..<1500).map { 2 * ($0 + 1) }
        let sum = all.reduce(0) { $0 + $1 * ($1 % 3) }
        return zip(all, 0..<1500).map { Joined($0, $1) } + [Joined(-1, sum)]
    }

    @Test func `a run that ends at any of its commits goes on where it was`() async throws {
        let graph = try Self.everything()
        let expected = Self.expected().sorted { ($0.first, $0.second) < ($1.first, $1.second) }
        var (call, hasEnded, points) = (0, false, 0)
        while !hasEnded {
            // Each of the first, and then some.
            call += call < 40 ? 1 : 7
            hasEnded = true
            for moment in FaultyStore.Moment.allCases {
                let store = await MemoryStore()
                let faulty = FaultyStore(over: store, fault: FaultyStore.Fault(.commit, call: call, moment))
                let output = try Queue<Joined<Int, Int>>("out", in: faulty)
                do {
                    _ = try await graph.run(0..<1500, in: faulty, as: "run", to: output)
                } catch {
                    #expect("\(error)".contains("storeUnavailable"), "\(error)")
                }
                if faulty.injected > 0 { (hasEnded, points) = (false, points + 1) }
                // What had failed is taken up; what had ended does nothing.
                _ = try await graph.run(0..<1500, in: faulty, as: "run", to: output)
                let all = try await Self.all(try Queue<Joined<Int, Int>>("out", in: store))
                let sorted = all.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
                #expect(sorted == expected, "ended \(moment) commit \(call): \(all.count) of \(expected.count)")
            }
        }
        print("figure: durable graphs: ended at \(points) points of their commits")
        #expect(points > 40)
    }

    @Test func `a run is taken by one at a time, and by the graph that it began with`() async throws {
        let store = await MemoryStore()
        let output = try Queue<Int>("numbers", in: store)
        let (stream, feeder) = AsyncStream<Int>.makeStream()
        let graph = try Graph("one") { (graph, numbers: Wire<Int>) in graph.add(Self.double(), numbers) }
        let first = Task { try await graph.run(stream, in: store, as: "run", to: output) }
        feeder.yield(1)
        let lease = try await output.reserve()
        #expect(lease.value == 2)
        try await lease.complete()
        let running = await #expect(throws: FlowError.self) {
            try await graph.run(0..<1, in: store, as: "run", to: output)
        }
        #expect(running?.code == .cannotRun)
        // Its queues would be those of the first node of the other.
        let colon = await #expect(throws: FlowError.self) {
            try await graph.run(0..<1, in: store, as: "run:1", to: output)
        }
        #expect(colon?.code == .cannotRun && "\(colon as Any)".contains("leave the colon out"))
        #expect("\(running as Any)".contains("run 'run' is going on elsewhere"))
        first.cancel()
        let ended = await #expect(throws: GraphFailure.self) { try await first.value }
        #expect("\(ended as Any)".contains("the task that ran it was cancelled"))
        let other = try Graph("one") { (graph, numbers: Wire<Int>) in graph.add(Self.double("twice"), numbers) }
        let changed = await #expect(throws: FlowError.self) {
            try await other.run(0..<1, in: store, as: "run", to: output)
        }
        #expect("\(changed as Any)".contains("its nodes have changed"))
        _ = try await graph.run(1..<4, in: store, as: "run", to: output)
        #expect(try await Self.all(output) == [4, 6])
    }

    @Test func `what cannot be stored is refused before anything flows`() async throws {
        struct Plain: Sendable {}
        let store = await MemoryStore()
        let graph = try Graph("plain") { (graph, numbers: Wire<Int>) in
            let plain = graph.add(Processor("plain") { (_: Int) in Plain() }, numbers)
            graph.add(Sink("forget") { (_: Plain) in }, plain)
        }
        let failure = await #expect(throws: FlowErrors.self) { try await graph.run(0..<9, in: store, as: "run") }
        #expect("\(failure as Any)".contains("Plain goes through node 'plain', and cannot be stored"))
        #expect(try await store.counts().isEmpty)
    }
}

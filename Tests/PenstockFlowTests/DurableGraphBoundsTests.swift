import Penstock
import PenstockFlow
import PenstockSQLiteTesting
import PenstockTesting
import Synchronization
import Testing

/// What is larger, longer or older than a durable run is used to.
@Suite("Graphs with their links in a store, at their bounds", .timeLimit(.minutes(60)))
struct DurableGraphBoundsTests {
    static func all<Value>(_ queue: Queue<Value>) async throws -> [Value] {
        var values: [Value] = []
        while let lease = try await queue.reserveIfReady() {
            values.append(lease.value)
            try await lease.complete()
        }
        return values
    }

    @Test func `an item may come to more than a queue holds`() async throws {
        let store = await MemoryStore()
        let output = try Queue<Int>("numbers", in: store)
        let graph = try Graph("many") { (graph, numbers: Wire<Int>) in
            let many = graph.add(
                Processor("many") { (number: Int, put) in
                    for place in 0..<3000 { try await put(3000 * number + place) }
                },
                numbers
            )
            return graph.add(Processor("same") { (number: Int) in number }, many)
        }
        _ = try await graph.run(0..<5, in: store, as: "run", to: output)
        #expect(try await Self.all(output) == Array(0..<15_000))
    }

    @Test func `items may be so large that few of them fit in a row`() async throws {
        let store = await MemoryStore()
        let output = try Queue<Int>("lengths", in: store)
        let graph = try Graph("large") { (graph, numbers: Wire<Int>) in
            let texts = graph.add(
                Processor("text") { (number: Int) in String(repeating: "x", count: 20_000 + number) },
                numbers
            )
            return graph.add(Processor("length") { (text: String) in text.utf8.count }, texts)
        }
        _ = try await graph.run(0..<1500, in: store, as: "run", to: output)
        #expect(try await Self.all(output) == (0..<1500).map { 20_000 + $0 })
    }

    @Test func `the queue at the end may hold few`() async throws {
        let store = await MemoryStore()
        let output = try Queue<Int>("numbers", in: store, capacity: 10)
        let graph = try Graph("few") { (graph, numbers: Wire<Int>) in
            graph.add(Processor("same") { (number: Int) in number }, numbers)
        }
        let run = Task { try await graph.run(0..<3000, in: store, as: "run", to: output) }
        var values: [Int] = []
        while values.count < 3000 {
            #expect(try await output.count <= 10)
            let lease = try await output.reserve()
            values.append(lease.value)
            try await lease.complete()
        }
        _ = try await run.value
        #expect(values == Array(0..<3000))
    }

    @Test func `a queue that holds few has each item once, wherever the run was ended`() async throws {
        let graph = try Graph("few") { (graph, numbers: Wire<Int>) in
            graph.add(Processor("same") { (number: Int) in number }, numbers)
        }
        for call in 1..<30 {
            for moment in FaultyStore.Moment.allCases {
                let store = await MemoryStore()
                let taker = Task {
                    var values: [Int] = []
                    let output = try Queue<Int>("numbers", in: store)
                    while values.count < 40 {
                        let lease = try await output.reserve()
                        values.append(lease.value)
                        try await lease.complete()
                    }
                    return values
                }
                let faulty = FaultyStore(over: store, fault: FaultyStore.Fault(.commit, call: call, moment))
                for store in [faulty, store] as [any Store] {
                    let output = try Queue<Int>("numbers", in: store, capacity: 5)
                    _ = try? await graph.run(0..<40, in: store, as: "run", to: output)
                }
                #expect(try await taker.value == Array(0..<40), "commit \(call) fails \(moment)")
                #expect(try await Queue<Int>("numbers", in: store).count == 0)
            }
        }
    }

    @Test func `items that are joined by their order stay together through many lives`() throws {
        let graph = try Graph("order") { (graph, numbers: Wire<Int>) in
            var late = numbers
            for stage in 0..<4 {
                late = graph.add(Processor("stage \(stage)") { (number: Int) in number }, late)
            }
            return graph.join("pairs", numbers, late, by: .order)
        }
        var sizes = DurableSizes()
        (sizes.rows, sizes.chunk) = (1, 1)
        let first = UInt64.random(in: 0..<1 << 60)
        for seed in first..<first + 60 {
            var chance = SeededGenerator(seed: seed)
            var disk = CrashDisk()
            for life in 0..<5 {
                let simulation = Simulation(seed: chance.next())
                let point = CrashingStore.Point.after(20 + Int(chance.next() % 200))
                let pairs = try? simulation.run { [disk = disk as CrashDisk, sizes = sizes as DurableSizes] in
                    let store = try await disk.open(simulation.environment)
                    let dying = CrashingStore(over: store, dyingAt: life < 4 ? point : nil)
                    let output = try Queue<Joined<Int, Int>>("pairs", in: dying)
                    _ = try await graph.run(0..<50, in: dying, as: "run", to: output, sizes: sizes)
                    let pairs = try await output.items().map(\.value)
                    await store.close()
                    return pairs
                }
                if let pairs { #expect(pairs == (0..<50).map { Joined($0, $0) }, "seed \(seed), life \(life)") }
                #expect(pairs != nil || life < 4, "seed \(seed)")
                disk = disk.afterKill()
            }
        }
    }

    /// Counts what is taken of it.
    private struct Counted: Sequence, Sendable {
        let end: Int
        let taken: @Sendable () -> Void

        func makeIterator() -> AnyIterator<Int> {
            var next = 0
            return AnyIterator { [end, taken] in
                guard next < end else { return nil }
                taken()
                next += 1
                return next
            }
        }
    }

    @Test func `no more is taken of the input than can be stored`() async throws {
        let store = await MemoryStore()
        let faulty = FaultyStore(over: store, fault: FaultyStore.Fault(.commit, call: 2, .before, lasts: true))
        let graph = try Graph("forget") { (graph, numbers: Wire<Int>) in
            graph.add(Sink("forget") { (_: Int) in }, numbers)
        }
        let counter = Counter()
        let counted = Counted(end: 3_000_000) { counter.add(1) }
        await #expect(throws: GraphFailure.self) { try await graph.run(counted, in: faulty, as: "run") }
        #expect(counter.value < 1_000_000, "\(counter.value) were taken after the store had failed")
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { self.count.load(ordering: .relaxed) }
        func add(_ amount: Int) { self.count.add(amount, ordering: .relaxed) }
    }

    /// What was stored before the clock was set back is older than what is stored after.
    @Test func `a clock that is set back between two lives loses nothing`() throws {
        let graph = try Graph("chain") { (graph, numbers: Wire<Int>) in
            let double = graph.add(Processor("double") { (number: Int) in 2 * number }, numbers)
            return graph.add(Processor("again") { (number: Int) in 2 * number }, double)
        }
        var sizes = DurableSizes()
        (sizes.rows, sizes.chunk) = (2, 2)
        for point in 1..<60 {
            let disk = CrashDisk()
            let first = Simulation(seed: UInt64(point))
            try? first.run { [sizes = sizes as DurableSizes] in
                let store = try await disk.open(first.environment)
                let dying = CrashingStore(over: store, dyingAt: .after(point))
                let output = try Queue<Int>("numbers", in: dying)
                _ = try await graph.run(0..<30, in: dying, as: "run", to: output, sizes: sizes)
            }
            let second = Simulation(seed: UInt64(point))
            var environment = second.environment
            environment.clock = ShiftedClock(environment.clock) { .seconds(-3600) }
            let values = try second.run {
                [sizes = sizes as DurableSizes, environment = environment as RuntimeEnvironment] in
                let store = try await disk.afterKill().open(environment)
                let output = try Queue<Int>("numbers", in: store)
                _ = try await graph.run(0..<30, in: store, as: "run", to: output, sizes: sizes)
                let values = try await Self.all(output)
                await store.close()
                return values
            }
            // A queue has what is older first, by the clock: the order is not what it was.
            #expect(values.sorted() == (0..<30).map { 4 * $0 }, "ended after call \(point): \(values.count)")
        }
    }
}

import Penstock
import PenstockTesting
import Testing

@Suite("Pipelines that are run by hand, and views of queues")
struct HandRunTests {
    static let triple = ExternalTask<Int, Int>("triple") { desk in
        while true {
            let item = try await desk.first()
            try await desk.resolve(item.key, with: item.value * 3)
        }
    }

    /// One pipeline of each kind, and what it makes of 10.
    static let kinds: [(any Pipeline<Int, Int>, Int)] = [
        (double, 20),
        (Workflow("plain") { (x: Int, _) in 4 * x }, 40),
        (
            Chain<Int, Int>("chain") {
                double
                double
                double
            }, 80
        ),
        (Self.triple, 30),
    ]

    @Test(arguments: 0..<4, [true, false])
    func `each kind moves items from one queue to another, in one store or two`(kind: Int, isOneStore: Bool) throws {
        let simulation = Simulation(seed: UInt64(kind))
        let (pipeline, factor) = Self.kinds[kind]
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let other = isOneStore ? store : await MemoryStore(environment: simulation.environment)
            let input = try Queue<Int>("input", in: store)
            let output = try Queue<Int>("output", in: other)
            let worker = simulation.start { try await pipeline.run(from: input.reader, to: output.writer) }
            try await input.push((1...20).map { (key: "\($0)", value: $0) })
            var results: [String: Int] = [:]
            for _ in 1...20 {
                let lease = try await output.reserve()
                results[lease.key] = lease.value
                try await lease.complete()
            }
            #expect(results == Dictionary(uniqueKeysWithValues: (1...20).map { ("\($0)", $0 * factor / 10) }))
            worker.cancel()
            _ = await worker.result
            #expect(try await input.count == 0)
            #expect(try await output.count == 0)
        }
    }

    @Test func `a workflow by hand hears of calls that somebody else runs`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let input = try Queue<Int>("input", in: store)
            let output = try Queue<Int>("output", in: store)
            let helper = try await Engine(store: .open(store), pipelines: [double])
            try await helper.run {
                let worker = simulation.start { try await quad.run(from: input.reader, to: output.writer) }
                for number in 1...20 { try await input.push(number, key: "\(number)") }
                for _ in 1...20 { try await output.reserve().complete() }
                worker.cancel()
                _ = await worker.result
            }
        }
    }

    @Test func `an item without a key has one effect across stores, whatever is repeated`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let far = CrashingStore(over: await MemoryStore(environment: simulation.environment))
            let input = try Queue<Int>("input", in: store)
            let output = try Queue<Int>("output", in: far)
            try await input.push(5)
            far.fail(.losesAnswers, commits: 3)
            let worker = simulation.start { try await double.run(from: input.reader, to: output.writer) }
            while try await input.count > 0 { try await simulation.clock.sleep(for: .seconds(1)) }
            #expect(try await output.items().map(\.value) == [10])
            worker.cancel()
            _ = await worker.result
        }
    }

    @Test func `a chain of pipelines by hand brings every item through`() throws {
        let simulation = Simulation(seed: 3)
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let queues = try (0...3).map { try Queue<Int>("stage-\($0)", in: store, capacity: 4) }
            let workers = (0..<3).map { stage in
                simulation.start { try await double.run(from: queues[stage].reader, to: queues[stage + 1].writer) }
            }
            let writer = simulation.start {
                for number in 0..<50 { try await queues[0].push(number, key: "\(number)") }
            }
            var results = Set<Int>()
            for _ in 0..<50 {
                for queue in queues { #expect(try await queue.count <= 4) }
                let lease = try await queues[3].reserve()
                results.insert(lease.value)
                try await lease.complete()
            }
            #expect(results == Set((0..<50).map { $0 * 8 }))
            try await writer.value
            for worker in workers { worker.cancel() }
            for worker in workers { _ = await worker.result }
        }
    }

    @Test func `more items than a queue holds are refused, and many wait until there is room for all`() throws {
        let simulation = Simulation(seed: 4)
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let queue = try Queue<Int>("few", in: store, capacity: 4)
            let many = (0..<5).map { (key: Optional("\($0)"), value: $0) }
            try await queue.push(9)
            let error = await #expect(throws: PenstockError.self) { try await queue.push(many) }
            #expect(error?.code == .tooLarge)
            #expect(
                "\(error.map(\.message) ?? "")".contains("5 items are pushed to queue 'few' at once, which holds 4")
            )
            #expect(try await queue.items().map(\.value) == [9])
            let writer = simulation.start { try await queue.push(Array(many.dropLast())) }
            try await simulation.clock.sleep(for: .seconds(1))
            #expect(try await queue.items().map(\.value) == [9])
            try await queue.reserve().complete()
            try await writer.value
            #expect(try await queue.items().map(\.value) == [0, 1, 2, 3])
        }
    }

    @Test func `views show, filter and rename what is there`() async throws {
        let store = await MemoryStore()
        let queue = try Queue<Int>("numbers", in: store)
        try await queue.push((1...6).map { (key: "k\($0)", value: $0) })
        let even = queue.reader.filter { $0 % 2 == 0 }.map { "\($0)" }
            .mapKeys(shown: { "v" + $0 }, stored: { String($0.dropFirst()) })
        #expect(try await even.keys() == ["vk2", "vk4", "vk6"])
        #expect(try await even.items().map(\.value) == ["2", "4", "6"])
        #expect(try await even.count == 3)
        #expect(try await even.read("vk4") == "4")
        #expect(try await even.contains("vk3") == false)
        let lease = try await even.reserve()
        #expect((lease.key, lease.value) == ("vk2", "2"))
        try await lease.complete()
        if let chosen = try await even.reserveIfReady(key: "vk6") {
            #expect(chosen.value == "6")
            try await chosen.complete()
        } else {
            Issue.record("the item with the key is not leased")
        }
        #expect(try await even.pop("vk4") == "4")
        if let other = try await even.reserveIfReady() {
            Issue.record("\(other.key) is leased from a view that does not show it")
            try await other.release()
        }
        #expect(try await queue.keys() == ["k1", "k3", "k5"])
    }

    @Test func `views write, drop, double and route, all or none`() async throws {
        let store = await MemoryStore()
        let numbers = try Queue<Int>("numbers", in: store)
        let copies = try Queue<Int>("copies", in: store, capacity: 2, whenFull: .refuse)
        let view = numbers.writer.tee(copies.writer).filter { $0 > 0 }.mapKeys { "x" + $0 }
            .accepting(String.self) { $0.count }
        try await view.push("abc", key: "1")
        try await view.push("", key: "2")
        try await view.push("ab", key: "3")
        #expect(try await numbers.keys() == ["x1", "x3"])
        #expect(try await copies.items().map(\.value) == [3, 2])
        let error = await #expect(throws: PenstockError.self) { try await view.push("a", key: "4") }
        #expect(error?.code == .queueFull)
        #expect(try await numbers.count == 2)

        let texts = try Queue<String>("texts", in: store)
        let rest = try Queue<Double>("rest", in: store)
        let router = rest.writer.accepting((any Sendable).self) { ($0 as? Double) ?? -1 }
            .route(String.self, to: texts.writer)
            .route(Int.self, to: numbers.writer)
        for value in ["a", 7, 1.5] as [any Sendable] { try await router.push(value, key: "r") }
        #expect(try await texts.read("r") == "a")
        #expect(try await numbers.read("r") == 7)
        #expect(try await rest.read("r") == 1.5)
    }
}

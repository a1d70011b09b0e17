import Penstock
import PenstockTesting
import Testing

/// The defects of an earlier system (rows BT-1 to BT-29 of its list), each as a test of what must not happen here.
///
/// Rows with a larger harness of their own are in the suites about attempts, divergence, engines and crashes.
@Suite("Defects of an earlier system stay away")
struct RegressionTests {
    /// Runs `body` in a fresh world with a store in memory.
    private func world(
        seeds: Range<UInt64> = 0..<10,
        _ body: @escaping @Sendable (Simulation, any Store) async throws -> Void
    ) throws {
        for seed in seeds {
            let simulation = Simulation(seed: seed)
            do {
                try simulation.run {
                    try await body(simulation, await MemoryStore(environment: simulation.environment))
                }
            } catch {
                throw SeededFailure(seed: seed, cause: error)
            }
        }
    }

    @Test func `BT-1: all waits for every call, and each result is at its own place`() throws {
        try self.world { simulation, store in
            let echo = Activity("echo") { (x: Int?) -> Int? in
                try await simulation.clock.sleep(for: .milliseconds(10 - (x ?? 0)))
                return x
            }
            let fan = Workflow("fan") { (n: Int, context) in
                let handles = try (0..<n).map { try context.start(echo, $0 % 3 == 0 ? nil : $0) }
                return try await context.all(handles)
            }
            let engine = try await Engine(store: .open(store), pipelines: [echo, fan])
            let value = try await engine.run { try await engine.start(fan, 9).value }
            #expect(value == [nil, 1, 2, nil, 4, 5, nil, 7, 8])
        }
    }

    @Test func `BT-2, BT-3, BT-26, BT-29: a crash between any two calls of the store changes no step`() throws {
        let disks = MemoryDisks()
        let matrix = CrashMatrix(runs: 1) { place, environment in try await disks[place].open(environment) }
        for call in stride(from: 1, to: 80, by: 7) {
            let simulation = Simulation(seed: UInt64(call))
            try simulation.run(for: .seconds(120)) { [environment = simulation.environment] in
                try await matrix.check(.after(call), at: "\(call)", under: environment)
            }
        }
    }

    @Test func `BT-4: a result for a run that is gone goes nowhere, and starves nobody`() throws {
        try self.world { simulation, store in
            let slow = Activity("slow") { (x: Int) -> Int in
                // Deaf to its cancellation, so that its result comes late.
                try? await simulation.clock.sleep(for: .seconds(5))
                return x
            }
            let outer = Workflow("outer") { (x: Int, context) in try await context.call(slow, x) }
            let engine = try await Engine(store: .open(store), pipelines: [double, slow, outer])
            try await engine.run {
                let run = try await engine.start(outer, 1)
                try await simulation.clock.sleep(for: .seconds(1))
                try await engine.control.cancel(.id(run.id))
                try await engine.control.delete(.id(run.id))
                #expect(try await engine.start(double, 2).value == 4)
            }
            #expect(try await store.items(ItemQuery(.roots(queue: nil))).map(\.queue) == ["double"])
        }
    }

    @Test func `BT-5, BT-22: two workers never hold one item`() throws {
        try self.world { simulation, store in
            let (tally, inFlight) = (Tally(), InFlight())
            let queue = try Queue<Int>("q", in: store)
            try await queue.push((0..<50).map { (key: "\($0)", value: $0) })
            let workers = (0..<8).map { _ in
                simulation.start {
                    while let lease = try await queue.reserveIfReady() {
                        inFlight.enter()
                        tally.add(lease.key)
                        try await simulation.clock.sleep(for: .seconds(1))
                        inFlight.leave()
                        try await lease.complete()
                    }
                }
            }
            for worker in workers { try await worker.value }
            #expect(tally.all == Dictionary(uniqueKeysWithValues: (0..<50).map { ("\($0)", 1) }))
            #expect(inFlight.most == 8)
        }
    }

    @Test func `BT-5: whoever works on past the end of a lease changes nothing`() throws {
        try self.world { simulation, store in
            let queue = try Queue<Int>("q", in: store)
            try await queue.push(1, key: "a")
            let zombie = try await queue.reserve(for: .seconds(10))
            try await simulation.clock.sleep(for: .seconds(11))
            let heir = try await queue.reserve()
            #expect(heir.item.attempt == 2)
            do {
                try await zombie.complete(with: 666)
                Issue.record("a lease that has ended was settled")
            } catch {
                #expect((error as? PenstockError)?.code == .leaseLost)
            }
            try await heir.complete(with: 2)
            #expect(try await store.item(.key(queue: "q", "a"))?.result?.text == "2")
        }
    }

    @Test func `BT-7: a worker that waits stops when it is cancelled`() throws {
        try self.world { simulation, store in
            let engine = try await Engine(store: .open(store), pipelines: [double, quad])
            let service = simulation.start { try await engine.run() }
            try await simulation.clock.sleep(for: .seconds(1))
            service.cancel()
            _ = await service.result
        }
    }

    @Test func `BT-9, BT-24: whoever waits hears of a push at once, and finds it`() throws {
        try self.world { simulation, store in
            let queue = try Queue<Int>("q", in: store)
            let reader = simulation.start { try await queue.reserve().complete() }
            try await simulation.clock.sleep(for: .seconds(1))
            let before = simulation.clock.uptime
            try await queue.push(1)
            try await reader.value
            #expect(simulation.clock.uptime == before)
        }
    }

    @Test func `BT-13: setting the wall clock neither ends a lease nor prolongs it`() throws {
        try self.world { simulation, store in
            let queue = try Queue<Int>("q", in: store)
            try await queue.push(1)
            let lease = try await queue.reserve(for: .seconds(10))
            for jump in [Duration.seconds(7200), .seconds(-14_400)] {
                simulation.clock.now = simulation.clock.now + jump
                try await simulation.clock.sleep(for: .seconds(1))
            }
            try await lease.extend(for: .seconds(1))
            try await lease.complete()
        }
    }

    @Test func `BT-14: no return address reaches another queue than one of a plain name`() async throws {
        let store = await MemoryStore()
        let queue = try Queue<Int>("q", in: store)
        for name in ["x;drop", "../states", "~states", ""] {
            let options = PushOptions(replyTo: name)
            let error = await #expect(throws: PenstockError.self) { try await queue.push(1, options: options) }
            #expect(error?.code == .invalidName)
        }
    }

    @Test func `BT-16: a step costs the same at the end of a long run as at its beginning`() throws {
        try self.world(seeds: 0..<1) { _, store in
            let long = Workflow("long") { (n: Int, context) in
                var sum = 0
                for number in 0..<n { sum += try await context.call(double, number) }
                return sum
            }
            let engine = try await Engine(store: .open(store), pipelines: [double, long])
            let value = try await engine.run { try await engine.start(long, 500).value }
            #expect(value == 500 * 499)
            #expect(engine.statistics.replayedSteps == 0)
            #expect(engine.statistics.attempts == 500)
        }
    }

    @Test func `BT-17, BT-18, BT-19, BT-20: a transaction over queues happens whole or not, and leaves nothing open`()
        throws
    {
        try self.world { simulation, store in
            let (from, to) = (try Queue<Int>("from", in: store), try Queue<Int>("to", in: store))
            try await from.push(1, key: "a")
            let lease = try await from.reserve()
            var good = Transaction()
            try good.push(2, key: "b", to: to)
            var bad = good
            try bad.pop("nothing", from: from.reader)
            await #expect(throws: PenstockError.self) { try await store.commit(bad) }
            #expect(try await to.count == 0)
            try await to.push(3, key: "c")
            try good.complete(lease)
            _ = try await store.commit(good)
            #expect(try await from.count == 0)
            #expect(try await to.keys() == ["c", "b"])
            let foreign = try Queue<Int>("far", in: await MemoryStore(environment: simulation.environment))
            let error = #expect(throws: PenstockError.self) { try good.push(1, to: foreign) }
            #expect(error?.code == .wrongStore)
        }
    }

    @Test func `BT-21: an item in flight is not overwritten, and its end ends nothing else`() throws {
        try self.world { _, store in
            let queue = try Queue<Int>("q", in: store)
            try await queue.push(1, key: "a")
            let lease = try await queue.reserve()
            let replace = PushOptions(onDuplicate: .replace)
            await #expect(throws: PenstockError.self) { try await queue.push(2, key: "a", options: replace) }
            try await lease.complete()
            try await queue.push(3, key: "a", options: replace)
            #expect(try await queue.read("a") == 3)
        }
    }

    @Test func `BT-25: a key is kept byte for byte, whatever it is made of`() async throws {
        let queue = try Queue<Int>("q", in: await MemoryStore())
        for (number, key) in ["a?b", "a#b", "%2e%2e", "../a", "write/a", "ü", "u\u{308}"].enumerated() {
            try await queue.push(number, key: key)
            #expect(try await queue.read(key) == number)
        }
        #expect(try await queue.count == 7)
    }

    @Test func `BT-28: an item of an external task always has its return address`() throws {
        try self.world { _, store in
            let review = ExternalTask<Int, Int>("review")
            let engine = try await Engine(store: .open(store), pipelines: [review])
            _ = try await engine.start(review, 5, key: "a", options: PushOptions(replyTo: "answers"))
            let desk = try engine.desk(of: review)
            #expect(try await desk.item("a")?.replyTo == "answers")
            try await desk.resolve("a", with: 6)
            #expect(try await Queue<Int>("answers", in: store).read("a") == 6)
        }
    }
}

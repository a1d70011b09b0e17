import Penstock
import PenstockTesting
import Testing

@Suite("An engine and its runs")
struct EngineTests {
    static let review = ExternalTask<Int, Int>("review")
    static let ask = Workflow("ask") { (x: Int, context) in
        let doubled = try await context.call(double, x)
        return try await context.call(review, doubled)
    }

    /// Starts `count` runs that wait for a review, answers all, and returns the results.
    private static func ask(_ count: Int, _ engine: Engine) async throws -> [Int] {
        try await engine.run {
            let runs = try await engine.start(Self.ask, (0..<count).map { (key: nil, input: $0) })
            let desk = try engine.desk(of: Self.review)
            while try await desk.waiting().count < count {
                try await engine.store.environment.clock.sleep(for: .milliseconds(1))
            }
            for item in try await desk.waiting() { try await desk.resolve(item.key, with: item.value + 1) }
            var values: [Int] = []
            for run in runs { values.append(try await run.value) }
            return values
        }
    }

    @Test(arguments: 0..<20)
    func `runs leave memory when it is short, and are replayed`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let statistics = try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [double, Self.ask, Self.review],
                configuration: EngineConfiguration(hotBytes: 20_000),
                environment: simulation.environment
            )
            #expect(try await Self.ask(50, engine) == (0..<50).map { 2 * $0 + 1 })
            return engine.statistics
        }
        #expect(statistics.evictions >= 40)
        #expect(statistics.replays >= 40)
        #expect(statistics.replayedSteps >= statistics.replays)
        #expect(statistics.hotBytes == 0)
    }

    @Test(arguments: 0..<20)
    func `nothing is replayed when there is memory`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let statistics = try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [double, Self.ask, Self.review],
                environment: simulation.environment
            )
            #expect(try await Self.ask(50, engine) == (0..<50).map { 2 * $0 + 1 })
            return engine.statistics
        }
        #expect(statistics.replays == 0)
        #expect(statistics.attempts == 50)
    }

    @Test(arguments: [EngineConfiguration.Replay.whenNeeded, .always], 0..<20)
    func `two answers that come one after the other are both heard`(
        replay: EngineConfiguration.Replay,
        seed: Int
    ) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let both = Workflow("both") { (x: Int, context) in
            let (a, b) = try await context.all(context.start(Self.review, 1), context.start(Self.review, 2))
            return a * 100 + b
        }
        let value = try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [both, Self.review],
                configuration: EngineConfiguration(replay: replay),
                environment: simulation.environment
            )
            return try await engine.run {
                let run = try await engine.start(both, 1)
                let desk = try engine.desk(of: Self.review)
                while try await desk.waiting().count < 2 { try await simulation.clock.sleep(for: .milliseconds(1)) }
                for item in try await desk.waiting().reversed() {
                    try await desk.resolve(item.key, with: item.value)
                    if seed % 2 == 0 { try await simulation.clock.sleep(for: .milliseconds(1)) }
                }
                return try await run.value
            }
        }
        #expect(value == 102)
    }

    @Test(arguments: [EngineConfiguration.Replay.whenNeeded, .always])
    func `workflows nest twenty deep`(replay: EngineConfiguration.Replay) throws {
        let simulation = Simulation()
        let deeper = Workflow("deep") { (x: Int, _) in x }
        let deep = Workflow("deep") { (x: Int, context) in
            x == 0 ? 1 : try await context.call(double, try await context.call(deeper, x - 1))
        }
        let value = try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [double, deep],
                configuration: EngineConfiguration(replay: replay),
                environment: simulation.environment
            )
            return try await engine.run { try await engine.start(deep, 20).value }
        }
        #expect(value == 1 << 20)
    }

    @Test(arguments: 0..<20)
    func `a race has one winner, however often it is replayed`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let racer = Workflow("racer") { (x: Int, context) in
            let first = try await context.race(context.start(double, 1), context.start(double, 2))
            let answer = try await context.call(Self.review, first)
            let second = try await context.race([context.start(double, first), context.start(double, answer)])
            return [first, answer, second]
        }
        try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [double, racer, Self.review],
                configuration: EngineConfiguration(replay: .always),
                environment: simulation.environment
            )
            try await engine.run {
                let run = try await engine.start(racer, 1)
                let desk = try engine.desk(of: Self.review)
                let item = try await desk.first()
                try await desk.resolve(item.key, with: 100)
                let value = try await run.value
                #expect(value[0] == item.value)
                #expect([[2, 4, 200], [2, 100, 4], [2, 100, 200], [4, 100, 8], [4, 100, 200]].contains(value))
            }
        }
    }

    @Test(arguments: 0..<20)
    func `cancelling a run cancels the activity that it waits for`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let tally = Tally()
        let endless = Activity("endless") { (x: Int) -> Int in
            tally.add("begun")
            do {
                try await simulation.clock.sleep(for: .seconds(100_000))
            } catch {
                tally.add("cancelled")
            }
            return x
        }
        let outer = Workflow("outer") { (x: Int, context) in try await context.call(endless, x) }
        try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [endless, outer],
                environment: simulation.environment
            )
            try await engine.run {
                let run = try await engine.start(outer, 1)
                while tally["begun"] == 0 { try await simulation.clock.sleep(for: .milliseconds(1)) }
                try await engine.control.cancel(.id(run.id))
                let failure = await #expect(throws: Failure.self) { try await run.value }
                #expect(failure?.kind == .cancelled)
            }
            let rows = try await engine.control.journal(of: engine.control.describe(.key(queue: "outer", "~1")))
            #expect(rows.map(\.state) == [.cancelled])
        }
        #expect(tally.all == ["begun": 1, "cancelled": 1])
        #expect(simulation.clock.uptime < .seconds(30))
    }

    @Test func `BT-28: what is under way comes to its end before the engine stops`() throws {
        let simulation = Simulation()
        let tally = Tally()
        let slow = Activity("slow") { (x: Int) in
            tally.add("begun")
            try await simulation.clock.sleep(for: .seconds(10))
            return x
        }
        try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [slow], environment: simulation.environment)
            let run = try await engine.start(slow, 1)
            try await engine.run {
                while tally["begun"] == 0 { try await simulation.clock.sleep(for: .milliseconds(1)) }
            }
            #expect(try await engine.control.describe(.id(run.id)).state == .completed)
        }
    }

    @Test(arguments: [true, false])
    func `what does not end in time goes back, and the attempt does not count`(isCancelled: Bool) throws {
        let simulation = Simulation()
        let tally = Tally()
        let slow = Activity("slow") { (x: Int) in
            tally.add("begun")
            try await simulation.clock.sleep(for: .seconds(1000))
            return x
        }
        try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [slow],
                configuration: EngineConfiguration(drainLimit: .seconds(5)),
                environment: simulation.environment
            )
            let run = try await engine.start(slow, 1)
            try await simulation.run(engine, untilBegun: tally, isCancelled: isCancelled)
            let record = try await engine.control.describe(.id(run.id))
            #expect(record.state == .ready)
            #expect(record.attempt == 0)
        }
        #expect(simulation.clock.uptime < .seconds(30))
    }
}

import Penstock
import PenstockTesting
import Testing

@Suite("Bodies that end when nobody expected it")
struct EngineEndTests {
    // MARK: A workflow whose body heeds that its engine goes down

    @Test(arguments: [true, false], 0..<10)
    func `a workflow that heeds the end of its engine goes back, and finishes in the next`(
        isCancelled: Bool,
        seed: Int
    ) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let tally = Tally()
        let counted = Activity("counted") { (x: Int) in
            tally.add("counted(\(x))")
            return 2 * x
        }
        let patient = Workflow("patient") { (x: Int, context) in
            let doubled = try await context.call(counted, x)
            if tally.add("begun") == 1 { try await simulation.clock.sleep(for: .seconds(1000)) }
            return try await context.call(counted, doubled)
        }
        try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [counted, patient],
                configuration: EngineConfiguration(drainLimit: .seconds(5)),
                environment: simulation.environment
            )
            let run = try await engine.start(patient, 10)
            try await simulation.run(engine, untilBegun: tally, isCancelled: isCancelled)
            let record = try await engine.control.describe(.id(run.id))
            #expect(record.state == .ready)
            #expect(record.attempt == 0)
            #expect(record.failure == nil)
            #expect(try await engine.control.journal(of: record).map(\.state) == [.completed])
            #expect(try await engine.store.counts().map(\.leased).allSatisfy { $0 == 0 })
            #expect(engine.statistics.failures == 0)
            #expect(try await engine.run { try await run.value } == 40)
        }
        #expect(tally.all == ["counted(10)": 1, "counted(20)": 1, "begun": 2])
        #expect(simulation.clock.uptime < .seconds(30))
    }

    /// The step ends after the run has said that it leaves, and before the store is asked whether it may.
    @Test(arguments: 0..<20)
    func `an engine that stops does not lose the news that keeps a run from leaving`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let (clock, tally) = (simulation.clock, Tally())
        let gated = Activity("gated") { (x: Int) in
            tally.add("begun")
            while tally["open"] == 0 { try await clock.sleep(for: .milliseconds(1)) }
            return 2 * x
        }
        let flow = Workflow("flow") { (x: Int, context) in
            try await context.call(gated, try await context.call(gated, x))
        }
        try simulation.run {
            let store = HookedStore(over: await MemoryStore(environment: simulation.environment))
            store.beforeParking {
                tally.add("open")
                try? await clock.sleep(for: .milliseconds(10))
            }
            let engine = try await Engine(store: .open(store), pipelines: [gated, flow])
            let run = try await engine.start(flow, 1)
            try await engine.run { while tally["begun"] == 0 { try await clock.sleep(for: .milliseconds(1)) } }
            let value = try await engine.run { try await run.value }
            #expect(value == 4)
        }
        #expect(tally["open"] > 0)
    }

    @Test func `a workflow that gives up by itself has failed`() throws {
        let simulation = Simulation()
        let tally = Tally()
        let gives = Workflow("gives-up") { (_: Int, _) in
            // Gone back to its queue, it would begin again at once, and for ever.
            guard tally.add("begun") == 1 else { return 0 }
            throw CancellationError()
        }
        try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [gives], environment: simulation.environment)
            let failure = await #expect(throws: Failure.self) {
                try await engine.run { try await engine.start(gives, 1).value }
            }
            #expect(failure?.errorType == "CancellationError")
        }
    }

    // MARK: A pipeline of its own kind, whose loop ends

    /// Adds one to whatever comes, by a loop of its own.
    private struct Increment: Pipeline {
        let name = "increment"
        /// Called at the beginning of each run, with how many there were before.
        let begin: @Sendable (Int) throws -> Void
        private let begun = Tally()

        init(_ begin: @escaping @Sendable (Int) throws -> Void) {
            self.begin = begin
        }

        func run(from input: ReadQueue<Int>, to output: WriteQueue<Int>) async throws {
            try self.begin(self.begun.add("run") - 1)
            while true {
                let lease = try await input.reserve()
                let value = lease.value + 1
                var transaction = Transaction()
                try transaction.move(lease, value, to: output)
                _ = try await output.store.commit(transaction)
            }
        }
    }

    private static func engine(_ increment: Increment, _ simulation: Simulation) async throws -> Engine {
        try await Engine(
            store: .memory,
            pipelines: [increment],
            configuration: EngineConfiguration(storeRetryDelay: .seconds(7)),
            environment: simulation.environment
        )
    }

    @Test(arguments: 0..<10)
    func `a pipeline whose own loop has thrown is run again after a while, and an operator hears of it`(
        seed: Int
    ) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let times = Log<Duration>()
        let increment = Increment { earlier in
            times.add(simulation.clock.uptime)
            if earlier < 2 { throw Broken() }
        }
        try simulation.run(for: .seconds(60)) {
            let engine = try await Self.engine(increment, simulation)
            #expect(try await engine.run { try await engine.start(increment, 1).value } == 2)
        }
        #expect(times.all == [.zero, .seconds(7), .seconds(14)])
        let messages = simulation.notices.messages(.error)
        #expect(messages.count == 2)
        #expect(messages.allSatisfy { $0.contains("is run again in 7.0 seconds: Broken()") }, "\(messages)")
    }

    @Test func `an engine ends without waiting for the next run of a loop that has thrown`() throws {
        let simulation = Simulation()
        let times = Log<Duration>()
        let increment = Increment { _ in
            times.add(simulation.clock.uptime)
            throw Broken()
        }
        try simulation.run(for: .seconds(60)) {
            let engine = try await Self.engine(increment, simulation)
            try await engine.run { try await simulation.clock.sleep(for: .seconds(10)) }
        }
        #expect(times.all == [.zero, .seconds(7)])
        #expect(simulation.clock.uptime == .seconds(10))
    }

    @Test func `a loop that finds its store closed is not run again`() throws {
        let simulation = Simulation()
        let times = Log<Duration>()
        let increment = Increment { _ in times.add(simulation.clock.uptime) }
        try simulation.run(for: .seconds(60)) {
            let engine = try await Self.engine(increment, simulation)
            try await engine.run {
                await engine.close()
                try await simulation.clock.sleep(for: .seconds(30))
            }
        }
        #expect(times.all == [.zero])
        #expect(simulation.notices.messages(.error) == [])
    }
}

import Penstock
import PenstockTesting
import Testing

@Suite("Pipelines in an engine")
struct PipelineTests {
    @Test func `BT-8: two workflows that call one activity under one key never meet`() throws {
        let simulation = Simulation()
        let first = Workflow("first") { (x: Int, context) in try await context.call(double, x) }
        let second = Workflow("second") { (x: Int, context) in try await context.call(double, x + 1) }
        try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [double, first, second],
                environment: simulation.environment
            )
            try await engine.run {
                for number in 0..<20 {
                    let one = try await engine.start(first, number, key: "same \(number)")
                    let two = try await engine.start(second, number, key: "same \(number)")
                    let direct = try await engine.start(double, 500, key: "same \(number)")
                    #expect(try await one.value == 2 * number)
                    #expect(try await two.value == 2 * number + 2)
                    #expect(try await direct.value == 1000)
                }
            }
        }
    }

    @Test func `starting a key again answers with the run that is there`() throws {
        let simulation = Simulation()
        try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [double], environment: simulation.environment)
            let first = try await engine.start(double, 1, key: "a")
            let second = try await engine.start(double, 2, key: "a")
            #expect(second.id == first.id)
            #expect((first.wasThere, second.wasThere) == (false, true))
            #expect(try await engine.run { try await second.value } == 2)
            #expect(try await engine.run(of: double, key: "a")?.id == first.id)
            #expect(try await engine.run(of: double, key: "b")?.id == nil)
        }
    }

    @Test(arguments: 0..<10)
    func `what a transactional activity adds happens exactly when its result is recorded`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let tally = Tally()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let ledger = try Queue<Int>("ledger", in: store)
            let retry = RetryPolicy(attempts: 3, delay: .seconds(1))
            let book = Activity("book", options: ActivityOptions(retry: retry)) {
                (x: Int, transaction: inout Transaction) in
                try transaction.push(x, to: ledger)
                if tally.add("\(x)") < 3 { throw Broken() }
                return x
            }
            let twice = Workflow("twice") { (x: Int, context) in
                try await context.call(book, x) + context.call(book, x + 1)
            }
            let engine = try await Engine(store: .open(store), pipelines: [book, twice])
            #expect(try await engine.run { try await engine.start(twice, 1).value } == 3)
            #expect(try await ledger.items().map(\.value) == [1, 2])
            #expect(tally.all == ["1": 3, "2": 3])
        }
    }

    @Test func `an addition that the store refuses fails the attempt, and nothing of it happens`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let ledger = try Queue<Int>("ledger", in: store)
            try await ledger.push(0, key: "taken")
            let book = Activity("book", options: .once) { (x: Int, transaction: inout Transaction) in
                try transaction.push(x, to: ledger)
                try transaction.push(x, key: "taken", to: ledger, options: PushOptions(onDuplicate: .refuse))
                return x
            }
            let engine = try await Engine(store: .open(store), pipelines: [book])
            let failure = try await engine.run {
                let run = try await engine.start(book, 7)
                return await #expect(throws: Failure.self) { try await run.value }
            }
            #expect(failure?.kind == .failed)
            #expect(try await ledger.keys() == ["taken"])
        }
    }

    @Test func `a front shows what waits at several tasks, and takes answers of the right type only`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let (approve, count) = (ExternalTask<String, Bool>("approve"), ExternalTask<Int, Int>("count"))
            let engine = try await Engine(store: .open(store), pipelines: [approve, count])
            let first = try await engine.start(approve, "may I?", key: "a")
            simulation.clock.advance(by: .seconds(1))
            let second = try await engine.start(count, 5, key: "b")
            let front = try Front(approve, count, in: store)
            #expect(front.tasks == ["approve", "count"])
            #expect(try await front.waiting().map(\.input.text) == [#""may I?""#, "5"])
            let wrong = await #expect(throws: PenstockError.self) {
                try await front.resolve("approve", "a", with: Payload(encoding: 5))
            }
            #expect(wrong?.code == .undecodable)
            let unknown = await #expect(throws: PenstockError.self) {
                try await front.reject("other", "a", because: "")
            }
            #expect(unknown?.code == .unknownPipeline)
            #expect(try await front.waiting().count == 2)
            try await front.resolve("approve", "a", with: Payload(encoding: true))
            try await front.reject("count", "b", because: "too many")
            #expect(try await first.value)
            let failure = await #expect(throws: Failure.self) { try await second.value }
            #expect(failure?.kind == .rejected)
            #expect(failure?.message == "too many")
        }
    }

    @Test(arguments: [EngineConfiguration.Replay.whenNeeded, .always])
    func `a chain brings its parts, and is a part itself`(replay: EngineConfiguration.Replay) throws {
        let simulation = Simulation()
        let four = Chain<Int, Int>("four") {
            double
            double
        }
        let text = Chain<Int, String>("text") {
            four
            quad
            Activity("text of") { (x: Int) in "\(x)" }
        }
        #expect(throws: Never.self) {
            try simulation.run {
                let named = Activity("text-of") { (x: Int) in "\(x)" }
                let chain = Chain<Int, String>("chain") {
                    four
                    quad
                    named
                }
                let engine = try await Engine(
                    store: .memory,
                    pipelines: [chain],
                    configuration: EngineConfiguration(replay: replay),
                    environment: simulation.environment
                )
                #expect(try await engine.run { try await engine.start(chain, 3).value } == "48")
            }
        }
        let error = #expect(throws: PenstockError.self) {
            try simulation.run { _ = try await Engine(store: .memory, pipelines: [text]) }
        }
        #expect(error?.code == .invalidName)
    }
}

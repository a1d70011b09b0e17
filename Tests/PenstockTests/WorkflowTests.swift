import Penstock
import Synchronization
import Testing

let double = Activity("double") { (x: Int) in 2 * x }

let quad = Workflow("quad") { (x: Int, context) in
    let x2 = try await context.call(double, x)
    return try await context.call(double, x2)
}

@Suite("Workflows", .timeLimit(.minutes(60)))
struct WorkflowTests {
    @Test func `the surface of the design runs as it stands`() async throws {
        let review = ExternalTask<String, Bool>("review")
        let engine = try await Engine(store: .memory, pipelines: [double, quad, review])
        let value = try await engine.run {
            let run = try await engine.start(quad, 10, key: "first")
            return try await run.value
        }
        #expect(value == 40)
        #expect(engine.statistics.replayedSteps == 0)
        #expect(engine.statistics.activations == 2)
    }

    @Test(arguments: [EngineConfiguration.Replay.whenNeeded, .always])
    func `a thousand runs give a thousand results`(replay: EngineConfiguration.Replay) async throws {
        let engine = try await Engine(
            store: .memory,
            pipelines: [double, quad],
            configuration: EngineConfiguration(replay: replay)
        )
        let runs = try await engine.start(quad, (0..<1000).map { (key: "\($0)", input: $0) })
        try await engine.run {
            for (index, run) in runs.enumerated() {
                let value = try await run.value
                #expect(value == 4 * index)
            }
        }
        #expect((engine.statistics.replayedSteps == 0) == (replay == .whenNeeded))
    }

    @Test(arguments: [EngineConfiguration.Replay.whenNeeded, .always])
    func `all and race wait for calls that run at once`(replay: EngineConfiguration.Replay) async throws {
        let gate = ExternalTask<Int, Int>("gate")
        let many = Workflow("many") { (n: Int, context) in
            let (a, b) = try await context.all(context.start(double, n), context.start(quad, n))
            let list = try await context.all((0..<10).map { try context.start(double, $0) })
            let slow = try context.start(gate, 1)
            let fast = try context.start(double, 100)
            let first = try await context.race(slow, fast)
            return [a, b, list.reduce(0, +), first]
        }
        let engine = try await Engine(
            store: .memory,
            pipelines: [double, quad, many, gate],
            configuration: EngineConfiguration(replay: replay)
        )
        let value = try await engine.run { try await engine.start(many, 3).value }
        #expect(value == [6, 12, 90, 200])
        // The loser does not outlive the run.
        let left = try await engine.desk(of: gate).waiting()
        #expect(left.isEmpty)
    }

    @Test func `an external task is resolved once, and its run goes on`() async throws {
        let review = ExternalTask<String, Bool>("review")
        let ask = Workflow("ask") { (text: String, context) in
            try await context.call(review, text) ? "yes" : "no"
        }
        let engine = try await Engine(store: .memory, pipelines: [ask, review])
        try await engine.run {
            let run = try await engine.start(ask, "may I?", key: "one")
            let desk = try engine.desk(of: review)
            var waiting = try await desk.waiting()
            while waiting.isEmpty {
                await Task.yield()
                waiting = try await desk.waiting()
            }
            let key = try #require(waiting.first).key
            #expect(waiting.first?.value == "may I?")
            try await desk.resolve(key, with: true)
            await #expect(throws: PenstockError.self) { try await desk.resolve(key, with: false) }
            #expect(try await run.value == "yes")
        }
    }

    @Test func `a child's error is thrown where it was called, and may be caught`() async throws {
        struct Broken: Error {}
        let fails = Activity("fails", options: ActivityOptions(retry: .never)) { (_: Int) -> Int in throw Broken() }
        let careful = Workflow("careful") { (x: Int, context) in
            do {
                return try await context.call(fails, x)
            } catch let failure as Failure {
                return try await context.call(double, failure.attempts * 21)
            }
        }
        let engine = try await Engine(store: .memory, pipelines: [double, fails, careful])
        let value = try await engine.run { try await engine.start(careful, 1).value }
        #expect(value == 42)
    }
}

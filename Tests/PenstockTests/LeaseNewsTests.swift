import Penstock
import PenstockTesting
import Testing

/// News of a run is about one lease: it must neither reach nor mislead whoever holds the run after that.
@Suite("News of a lease that is over")
struct LeaseNewsTests {
    private static let review = ExternalTask<Int, Int>("review")

    /// The old holder hears of its end at the same time as the run is leased again, now one first, now the other.
    @Test(arguments: 0..<100)
    func `a run that is restarted while it waits in memory begins again`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let flow = Workflow("flow") { (x: Int, context) in try await context.call(Self.review, x) }
        try simulation.run(for: .seconds(60)) {
            let engine = try await Engine(
                store: .memory,
                pipelines: [flow, Self.review],
                environment: simulation.environment
            )
            try await engine.run {
                let run = try await engine.start(flow, 1)
                let desk = try engine.desk(of: Self.review)
                _ = try await desk.first()
                try await engine.control.restart(.id(run.id))
                try await simulation.clock.sleep(for: .milliseconds(1))
                #expect(engine.statistics.hotRuns == 1)
                let item = try await desk.first()
                try await desk.resolve(item.key, with: 7)
                #expect(try await run.value == 7)
            }
            #expect(engine.statistics.hotBytes == 0)
        }
    }

    /// Each engine is told of what happens to the runs of the other.
    ///
    /// Half of the answers come just before the run
    /// says that it waits, so that only the count of what it has heard keeps the store from parking it for good.
    @Test(arguments: 0..<100)
    func `a run that moves between two engines misses no answer`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let flow = Workflow("flow") { (_: Int, context) in
            let handles = try (0..<8).map { try context.start(Self.review, $0) }
            var sum = 0
            for handle in handles { sum += try await handle.value }
            return sum
        }
        try simulation.run(for: .seconds(60)) {
            let store = HookedStore(over: await MemoryStore(environment: simulation.environment))
            var engines: [Engine] = []
            for _ in 0..<2 {
                let configuration = EngineConfiguration(replay: .always)
                engines.append(
                    try await Engine(
                        store: .open(store),
                        pipelines: [flow, Self.review],
                        configuration: configuration
                    )
                )
            }
            let run = try await engines[0].start(flow, 1)
            let services = engines.map { engine in simulation.start { try await engine.run() } }
            let desk = try engines[0].desk(of: Self.review)
            while try await desk.waiting().count < 8 { try await simulation.clock.sleep(for: .milliseconds(1)) }
            store.beforeParking {
                guard simulation.environment.entropy.next() % 2 == 0 else { return }
                let item = try? await desk.waiting().first
                if let item { try? await desk.resolve(item.key, with: 1) }
            }
            while let item = try await desk.waiting().last {
                try await desk.resolve(item.key, with: 1)
                try await simulation.clock.sleep(for: .milliseconds(10))
            }
            #expect(try await run.value == 8)
            for service in services { service.cancel() }
            for service in services { _ = await service.result }
        }
    }

    /// The news may come before the task that is to work on the item has begun.
    @Test(arguments: 0..<100)
    func `an item that is cancelled as somebody begins with it is not worked on for long`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let (clock, tally) = (simulation.clock, Tally())
        let nap = Activity("nap") { (_: Int) in
            _ = tally.add("began")
            defer { _ = tally.add("ended") }
            try await clock.sleep(for: .seconds(3600))
        }
        try simulation.run(for: .seconds(7200)) {
            let engine = try await Engine(
                store: .memory,
                pipelines: [nap],
                environment: simulation.environment
            )
            try await engine.run {
                // By then somebody waits for the item.
                try await clock.sleep(for: .seconds(1))
                let run = try await engine.start(nap, 1)
                try await engine.control.cancel(.id(run.id))
                try await clock.sleep(for: .seconds(1))
                #expect(tally["began"] == tally["ended"])
            }
        }
    }
}

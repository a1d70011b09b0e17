import Penstock
import PenstockTesting
import Synchronization
import Testing

@Suite("A store in memory whose disk and readers fail")
struct StoreFaultTests {
    private static func push(_ key: String?, size: Int = 1) -> Operation {
        .push(NewItem(queue: "q", key: key, payload: Payload(bytes: Array(repeating: UInt8(ascii: "1"), count: size))))
    }

    @Test func `items whose rows cannot be read just now are not lost to the queue`() throws {
        let simulation = Simulation()
        let disk = MemoryDisk()
        try simulation.run {
            let store = try await disk.open(simulation.environment)
            // Too large to be kept in memory, so that leasing them reads their rows.
            for number in 0..<5 { _ = try await store.commit(Transaction([Self.push("\(number)", size: 2000)])) }
            disk.failsReads = true
            for _ in 0..<3 {
                let error = await #expect(throws: PenstockError.self) {
                    try await store.reserve(ReserveRequest(queue: "q", limit: 10))
                }
                #expect(error?.code == .storeUnavailable)
            }
            disk.failsReads = false
            let leased = try await store.reserve(ReserveRequest(queue: "q", limit: 10))
            #expect(leased.map(\.record.key) == ["0", "1", "2", "3", "4"])
            #expect(leased.allSatisfy { $0.record.attempt == 1 })
        }
    }

    @Test func `what cannot be made durable has not happened, and can be done later`() throws {
        let simulation = Simulation()
        let disk = MemoryDisk()
        try simulation.run {
            let store = try await disk.open(simulation.environment)
            _ = try await store.commit(Transaction([Self.push("a"), Self.push("b"), Self.push("c")]))
            let leased = try #require(try await store.reserve(ReserveRequest(queue: "q")).first)
            let operations: [Operation] = [
                .settle(leased.lease, .consume), .pop(.key(queue: "q", "b")),
                .append(queue: "q", key: "list", element: Payload(bytes: [49])), Self.push("d"),
            ]
            disk.failsCommits = true
            let error = await #expect(throws: PenstockError.self) { try await store.commit(Transaction(operations)) }
            #expect(error?.code == .storeUnavailable)
            let keys = try await store.items(ItemQuery(.waiting(queue: "q"))).map(\.key)
            #expect(keys == ["a", "b", "c"])
            #expect(try await store.counts() == [QueueCount(queue: "q", ready: 2, leased: 1, parked: 0)])
            disk.failsCommits = false
            _ = try await store.commit(Transaction(operations))
            let rest = try await store.reserve(ReserveRequest(queue: "q", limit: 10))
            #expect(rest.map(\.record.key) == ["c", "list", "d"])
        }
    }

    @Test func `an item that a failed transaction was to take is ready again, whoever asks next`() throws {
        let simulation = Simulation()
        let disk = MemoryDisk()
        try simulation.run {
            let store = try await disk.open(simulation.environment)
            _ = try await store.commit(Transaction([Self.push("a")]))
            disk.failsCommits = true
            await #expect(throws: PenstockError.self) {
                try await store.commit(Transaction([.pop(.key(queue: "q", "a"))]))
            }
            disk.failsCommits = false
            let leased = try await store.reserve(ReserveRequest(queue: "q", waits: false))
            #expect(leased.map(\.record.key) == ["a"])
        }
    }

    @Test func `a reader that is cancelled as it is woken passes the item on`() throws {
        // Another order of events with every seed: in some the reader is woken first, in some it is cancelled first.
        for seed in 0..<50 {
            let simulation = Simulation(seed: UInt64(seed))
            try simulation.run {
                let store = await MemoryStore(environment: simulation.environment)
                let first = simulation.start { try await store.reserve(ReserveRequest(queue: "q")) }
                try await simulation.clock.sleep(for: .seconds(1))
                let second = simulation.start { try await store.reserve(ReserveRequest(queue: "q")) }
                try await simulation.clock.sleep(for: .seconds(1))
                _ = try await store.commit(Transaction([Self.push("a")]))
                first.cancel()
                if (try? await first.value) == nil { #expect(try await second.value.count == 1) }
                second.cancel()
            }
        }
    }

    @Test func `a lease that cannot be ended while the store is down ends when it is up`() throws {
        let simulation = Simulation()
        let disk = MemoryDisk()
        try simulation.run {
            let store = try await disk.open(simulation.environment)
            _ = try await store.commit(Transaction([Self.push("a")]))
            _ = try await store.reserve(ReserveRequest(queue: "q", duration: .seconds(5)))
            disk.failsCommits = true
            try await simulation.clock.sleep(for: .seconds(30))
            disk.failsCommits = false
            let again = try await store.reserve(ReserveRequest(queue: "q"))
            #expect(again.first?.record.attempt == 2)
        }
    }

    @Test(arguments: [true, false])
    func `an engine that is told to stop while the store is down stops, and another one ends its work`(
        isCancelled: Bool
    ) throws {
        for seed in 0..<50 {
            let simulation = Simulation(seed: UInt64(seed))
            let disk = MemoryDisk()
            try simulation.run {
                let store = try await disk.open(simulation.environment)
                let configuration = EngineConfiguration(drainLimit: .seconds(5))
                let engine = try await Engine(
                    store: .open(store),
                    pipelines: [double, quad],
                    configuration: configuration
                )
                let runs = try await engine.start(quad, (0..<30).map { (key: nil, input: $0) })
                let service = simulation.start {
                    try await engine.run {
                        for _ in 0..<seed { await Task.yield() }
                        disk.failsCommits = true
                        try await simulation.clock.sleep(for: .seconds(isCancelled ? 1000 : 1))
                    }
                }
                try await simulation.clock.sleep(for: .seconds(2))
                if isCancelled { service.cancel() }
                _ = await service.result
                #expect(simulation.clock.uptime < .seconds(15), "seed \(seed)")
                disk.failsCommits = false
                let next = try await Engine(store: .open(store), pipelines: [double, quad])
                try await next.run {
                    for (number, run) in runs.enumerated() {
                        let value = try await run.value
                        #expect(value == 4 * number)
                    }
                }
            }
        }
    }

    @Test(arguments: [PenstockError.Code.storeUnavailable, .storeUnusable])
    func `an engine outlives a store that is down for a while, and loses nothing`(failure: PenstockError.Code) throws {
        for seed in 0..<20 {
            let simulation = Simulation(seed: UInt64(seed))
            let disk = MemoryDisk()
            disk.failure = failure
            try simulation.run {
                let store = try await disk.open(simulation.environment)
                let engine = try await Engine(store: .open(store), pipelines: [double, quad])
                let runs = try await engine.start(quad, (0..<30).map { (key: nil, input: $0) })
                try await engine.run {
                    let outage = simulation.start {
                        for round in 0..<5 {
                            (disk.failsCommits, disk.failsReads) = (true, round % 2 == 0)
                            try await simulation.clock.sleep(for: .seconds(3))
                            (disk.failsCommits, disk.failsReads) = (false, false)
                            try await simulation.clock.sleep(for: .milliseconds(1))
                        }
                    }
                    _ = try await outage.value
                    for (number, run) in runs.enumerated() { #expect(try await run.value == 4 * number) }
                }
            }
        }
    }
}

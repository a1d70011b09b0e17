import Penstock
import PenstockTesting
import Testing

@Suite("A wall clock that is set")
struct ClockTests {
    private static func push(_ key: String, due: Timestamp? = nil, priority: Int = 0) -> Operation {
        let payload = Payload(bytes: [UInt8(ascii: "1")])
        return .push(NewItem(queue: "q", key: key, payload: payload, priority: priority, due: due))
    }

    @Test(arguments: [Duration.seconds(3600), .seconds(30 * 86_400)])
    func `nothing that was to be done at once waits because the clock was set back`(jump: Duration) throws {
        let simulation = Simulation()
        let disk = MemoryDisk()
        try simulation.run(for: jump + .seconds(86_400)) {
            let clock = simulation.clock
            var store = try await disk.open(simulation.environment)
            _ = try await store.commit(Transaction([Self.push("later", due: clock.now + .milliseconds(1))]))
            try await clock.sleep(for: .milliseconds(2))
            // The first one is before the others in the queue, and waits for a time.
            _ = try await store.commit(Transaction([Self.push("b"), Self.push("c"), Self.push("d")]))
            clock.now = clock.now + (.zero - jump)
            _ = try await store.commit(Transaction([Self.push("a")]))
            let first = try await store.reserve(ReserveRequest(queue: "q", limit: 3, waits: false))
            #expect(first.map(\.record.key) == ["later", "b", "c"], "to a store that is open no time comes twice")
            await store.close()
            // The same in a process that knows of the time before from the rows only.
            store = try await disk.open(simulation.environment)
            let second = try await store.reserve(ReserveRequest(queue: "q", limit: 10, waits: false))
            #expect(second.map(\.record.key) == ["b", "c", "d", "a"])
            let third = try await store.reserve(ReserveRequest(queue: "q", choice: .key("later"), waits: false))
            #expect(third.isEmpty, "it was given a time, and that has not come again")
            try await clock.sleep(for: jump)
            let last = try await store.reserve(ReserveRequest(queue: "q", waits: false))
            #expect(last.map(\.record.key) == ["later"])
            await store.close()
        }
    }
}

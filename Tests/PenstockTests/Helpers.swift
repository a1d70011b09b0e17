import Penstock
import PenstockTesting
import Synchronization

/// Counts how often something happened, by name.
final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    @discardableResult
    func add(_ name: String) -> Int {
        self.counts.withLock { counts in
            counts[name, default: 0] += 1
            return counts[name, default: 0]
        }
    }

    subscript(name: String) -> Int { self.counts.withLock { $0[name, default: 0] } }
    var all: [String: Int] { self.counts.withLock { $0 } }
}

/// Notes values in the order in which they come.
final class Log<Value: Sendable>: Sendable {
    private let state = Mutex<[Value]>([])

    func add(_ value: Value) { self.state.withLock { $0.append(value) } }
    var all: [Value] { self.state.withLock { $0 } }
}

/// How many are inside at once, and how many were at most.
final class InFlight: Sendable {
    private let state = Mutex((now: 0, most: 0))

    func enter() { self.state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func leave() { self.state.withLock { $0.now -= 1 } }
    var most: Int { self.state.withLock { $0.most } }
}

struct Broken: Error {}

/// What a test waits for has not come about in ten seconds of its time.
struct NotReached: Error {}

extension ActivityOptions {
    static let once = ActivityOptions(retry: .never)
}

extension Desk where Input: Sendable {
    /// Waits until an item waits; time has to pass by itself.
    func first() async throws -> Item<Input> {
        for _ in 0..<10_000 {
            if let item = try await self.waiting().first { return item }
            try await self.input.store.environment.clock.sleep(for: .milliseconds(1))
        }
        throw NotReached()
    }
}

extension Control {
    /// Waits until an item is in a state; time has to pass by itself.
    func reached(_ state: ItemState, _ id: ItemID) async throws -> ItemRecord {
        for _ in 0..<10_000 {
            let record = try await self.describe(.id(id))
            if record.state == state { return record }
            try await self.store.environment.clock.sleep(for: .milliseconds(1))
        }
        throw NotReached()
    }
}

extension Simulation {
    /// Runs an engine until a body has counted itself as begun, and ends it then: by its own end, or by cancellation.
    func run(_ engine: Engine, untilBegun tally: Tally, isCancelled: Bool) async throws {
        let clock = self.clock
        let begun = { @Sendable in
            while tally["begun"] == 0 { try await clock.sleep(for: .milliseconds(1)) }
        }
        let service = self.start {
            try await engine.run {
                try await begun()
                if isCancelled { try await clock.sleep(for: .seconds(100)) }
            }
        }
        try await begun()
        if isCancelled { service.cancel() }
        _ = await service.result
    }
}

import Penstock

/// A program that calls every method of its store, and tries again what is unavailable.
///
/// It is the program of the crash matrix, and beside it a ferry: crates go one at a time through a queue that holds no
/// more, to somebody who asks for more time with each.
struct FaultScript: Sendable {
    let main: CrashScript
    static let crates = 4

    init(replay: EngineConfiguration.Replay) {
        self.main = CrashScript(replay: replay)
    }

    /// Runs the program to its end over what the store has.
    func run(_ count: Int, over store: any Store) async throws -> [[Int]] {
        async let ferried: Void = self.ferry(over: store)
        let values = try await self.main.run(count, over: store)
        try await ferried
        return values
    }

    private func ferry(over store: any Store) async throws {
        let queue = try Queue<Int>("ferry", in: store, capacity: 1)
        async let loaded: Void = Self.load(queue)
        var landed: Set<Int> = []
        while landed.count < Self.crates { landed.insert(try await Self.unload(queue)) }
        try await loaded
        // A crate whose push was not acknowledged, although it had been taken off already, is there once more.
        while try await store.patiently({ try await queue.count }) > 0 { _ = try await Self.unload(queue) }
    }

    private static func load(_ queue: Queue<Int>) async throws {
        for crate in 1...Self.crates {
            try await queue.store.patiently { try await queue.push(crate, key: "\(crate)") }
        }
    }

    private static func unload(_ queue: Queue<Int>) async throws -> Int {
        let lease = try await queue.store.patiently { try await queue.reserve(for: .seconds(20)) }
        let crate = lease.value
        try await queue.store.patiently { try await lease.extend(for: .seconds(30)) }
        var transaction = Transaction()
        try transaction.complete(lease)
        let taken = transaction
        do {
            _ = try await queue.store.patiently { try await queue.store.commit(taken) }
        } catch let error as PenstockError where error.code == .leaseLost {
            // It was received already, and the answer got lost.
        }
        return crate
    }
}

import Penstock

/// A long random use of a store, compared with a model at every step.
///
/// Everything is determined by a seed: the operations, their arguments and the passing of time.
struct StoreTrial {
    private let bench: StoreBench
    private let keeps: Bool
    private var model = StoreModel()
    private var generator: SeededGenerator
    private var step = 0
    private let failure = Failure(.failed, pipeline: "q", message: "no")

    init(_ bench: StoreBench, keeps: Bool, seed: UInt64) {
        self.bench = bench
        self.keeps = keeps
        self.generator = SeededGenerator(seed: seed)
    }

    /// Does `count` operations.
    mutating func run(steps count: Int) async throws {
        for _ in 0..<count {
            self.step += 1
            try await self.operate()
            if self.step % 10 == 0 { try await self.check() }
        }
        try await self.check()
    }

    private func check() async throws {
        try self.model.compare(with: try await self.bench.content())
        try await self.bench.checkCounts()
    }

    private mutating func operate() async throws {
        switch self.random(100) {
        case ..<25: try await self.push()
        case ..<50: try await self.reserve()
        case ..<70: try await self.settle()
        case ..<75: try await self.settleStale()
        case ..<80: try await self.extend()
        case ..<85: try await self.pop()
        case ..<88: try await self.resolve()
        case ..<91: try await self.cancel()
        case ..<94: try await self.retryDead()
        case ..<99: try await self.advance()
        default: if self.keeps { try await self.reopen() }
        }
    }

    private mutating func random(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self.generator) }

    private mutating func queue() -> String { ["q", "r"][self.random(2)] }

    private mutating func anyRow() -> StoreModel.Row? {
        self.model.rows.values.sorted { $0.id < $1.id }.randomElement(using: &self.generator)
    }

    private mutating func push() async throws {
        let policies: [DuplicatePolicy] = [.ignore, .refuse, .replace]
        var item = NewItem(queue: self.queue(), payload: StoreBench.payload("\(self.step)"))
        item.key = self.random(4) == 0 ? nil : "k\(self.random(12))"
        item.priority = self.random(3) - 1
        item.onDuplicate = policies[self.random(3)]
        let now = self.bench.clock.now
        if self.random(3) == 0 { item.due = now + .seconds(self.random(20) - 5) }
        if let key = item.key, let there = self.model.row(queue: item.queue, key: key) {
            switch item.onDuplicate {
            case .ignore:
                let receipt = try await self.bench.commit(.push(item))
                try expect(receipt.ids, is: [there.id])
                return try expect(receipt.wasThere, is: [true])
            case .replace where there.lease == nil:
                self.model.remove(there)
            case .refuse, .replace:
                return try await self.bench.refuses(.duplicateKey, .push(item))
            }
        }
        let receipt = try await self.bench.commit(.push(item))
        let id = try require(receipt.ids.first ?? nil, "the address of what was pushed")
        try expect(receipt.wasThere, is: [false])
        try expect(self.model.rows[id] == nil, "the address \(id.key) is new")
        let due = max(item.due ?? now, now)
        self.model.add(
            StoreModel.Row(
                id: id,
                queue: item.queue,
                key: item.key ?? id.key,
                priority: item.priority,
                due: due,
                payload: item.payload
            )
        )
    }

    private mutating func reserve() async throws {
        let (queue, limit) = (self.queue(), 1 + self.random(3))
        let duration: Duration? = self.random(2) == 0 ? nil : .seconds(1 + self.random(15))
        let expected = self.model.ready(queue, at: self.bench.clock.now).prefix(limit)
        let leased = try await self.bench.lease(queue, limit: limit, for: duration)
        try expect(leased.map(\.record.id), is: expected.map(\.id), "what is leased next from '\(queue)'")
        let end = duration.map { self.bench.clock.uptime + $0 }
        for item in leased { try self.model.lease(item, until: end) }
    }

    private mutating func settle() async throws {
        guard let row = self.model.held.randomElement(using: &self.generator), let lease = row.lease else { return }
        switch self.random(5) {
        case 0:
            let result = StoreBench.payload("r\(self.step)")
            try await self.bench.commit(.settle(lease, .complete(result)))
            self.model.end(row) { ($0.state, $0.result, $0.attempt) = (.completed, result, row.attempt + 1) }
        case 1:
            try await self.bench.commit(.settle(lease, .consume))
            self.model.remove(row)
        case 2:
            try await self.bench.commit(.settle(lease, .fail(self.failure)))
            self.model.end(row) { ($0.state, $0.attempt) = (.failed, row.attempt + 1) }
        case 3:
            let delay = Duration.seconds(self.random(10))
            let due = self.bench.clock.now + delay
            try await self.bench.commit(.settle(lease, .retry(after: delay, self.failure)))
            self.model.end(row) { ($0.due, $0.attempt) = (due, row.attempt + 1) }
        default:
            try await self.bench.commit(.settle(lease, .release))
            self.model.end(row) { _ in }
        }
    }

    private mutating func settleStale() async throws {
        guard let lease = self.model.stale.randomElement(using: &self.generator) else { return }
        let other = Settlement.complete(StoreBench.payload("stale"))
        try await self.bench.refuses(.leaseLost, .settle(lease, self.random(2) == 0 ? other : .consume))
    }

    private mutating func extend() async throws {
        guard var row = self.model.held.randomElement(using: &self.generator), let lease = row.lease else { return }
        let duration: Duration = .seconds(1 + self.random(15))
        try await self.bench.store.extend([lease], for: duration)
        row.leaseEnd = self.bench.clock.uptime + duration
        self.model.add(row)
    }

    private mutating func pop() async throws {
        guard let row = self.anyRow() else { return }
        let pop = Operation.pop(.key(queue: row.queue, row.key))
        if row.lease != nil { return try await self.bench.refuses(.conflict, pop) }
        try await self.bench.commit(pop)
        self.model.remove(row)
    }

    private mutating func resolve() async throws {
        guard let row = self.anyRow() else { return }
        let result = StoreBench.payload("e\(self.step)")
        let resolve = Operation.resolve(.id(row.id), .resolve(result))
        if row.lease != nil || row.state != .ready { return try await self.bench.refuses(.conflict, resolve) }
        try await self.bench.commit(resolve)
        self.model.end(row) { ($0.state, $0.result, $0.attempt) = (.completed, result, row.attempt + 1) }
    }

    private mutating func cancel() async throws {
        guard let row = self.anyRow() else { return }
        let cancel = Operation.control(.id(row.id), .cancel)
        if row.state.isSettled { return try await self.bench.refuses(.conflict, cancel) }
        try await self.bench.commit(cancel)
        self.model.end(row) { $0.state = .cancelled }
    }

    private mutating func retryDead() async throws {
        guard let row = self.anyRow() else { return }
        let retry = Operation.control(.id(row.id), .retry)
        guard row.state == .failed || row.state == .cancelled else {
            return try await self.bench.refuses(.conflict, retry)
        }
        try await self.bench.commit(retry)
        let now = self.bench.clock.now
        self.model.end(row) { ($0.state, $0.attempt, $0.due, $0.result) = (.ready, 0, now, nil) }
    }

    /// Lets time pass; whose lease ends is taken over at once, by waiting for it.
    private mutating func advance() async throws {
        let end = self.bench.clock.uptime + .seconds(1 + self.random(8))
        while let next = self.model.held.compactMap(\.leaseEnd).min(), next <= end {
            await self.bench.clock.sleeping(atLeast: 1)
            self.bench.clock.advance(by: next - self.bench.clock.uptime)
            for row in self.model.held where row.leaseEnd == next {
                let choice = ReserveRequest(queue: row.queue, choice: .key(row.key))
                let leased = try require(try await self.bench.store.reserve(choice).first, "the item whose lease ended")
                let now = self.bench.clock.now
                self.model.end(row) { ($0.due, $0.attempt) = (now, row.attempt + 1) }
                try self.model.lease(leased, until: nil)
            }
        }
        self.bench.clock.advance(by: end - self.bench.clock.uptime)
    }

    private mutating func reopen() async throws {
        try await self.bench.reopen()
        let content = try await self.bench.content()
        for row in self.model.held {
            // Whether an attempt counts that was closed upon is left to the store; it never counts twice.
            let attempt = content[row.id]?.attempt == row.attempt + 1 ? row.attempt + 1 : row.attempt
            self.model.end(row) { $0.attempt = attempt }
        }
        try await self.check()
    }
}

extension StoreConformance {
    /// Uses fresh stores at random, one for each seed, and compares what they hold with a model at every step.
    /// - Throws: ``TrialFailure``, which names the seed.
    public func trial(seeds: Range<UInt64>, steps: Int = 300) async throws {
        for seed in seeds {
            try await self.trial(seed: seed, steps: steps, under: RuntimeEnvironment.testing(seed: seed))
        }
    }

    /// Uses a fresh store at random inside a simulation, whose body has to be the caller.
    public func trial(in simulation: Simulation, steps: Int = 300) async throws {
        try await self.trial(seed: simulation.seed, steps: steps, under: simulation.parts)
    }

    private func trial(seed: UInt64, steps: Int, under parts: TestingEnvironment) async throws {
        let bench = try await StoreBench(self, under: parts)
        var trial = StoreTrial(bench, keeps: self.keeps, seed: seed)
        do {
            try await trial.run(steps: steps)
        } catch {
            await bench.store.close()
            throw TrialFailure(seed: seed, cause: error)
        }
        await bench.store.close()
    }
}

/// A random trial has found a promise that is not kept.
public struct TrialFailure: Error, CustomStringConvertible {
    /// The seed with which to see it again.
    public let seed: UInt64
    /// What was found.
    public let cause: any Error

    /// The failure in one line.
    public var description: String { "with seed \(self.seed): \(self.cause)" }
}

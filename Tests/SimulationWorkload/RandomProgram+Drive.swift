public import Penstock
public import PenstockTesting

/// Those who start the programs, answer them, and carry what they have booked.
extension RandomProgram {
    /// Starts everything that is not there yet, and waits until all of it is done.
    public func drive(_ engine: Engine, in process: SimulatedProcess) async throws {
        let generator = SeededEntropy(seed: self.seed ^ process.environment.entropy.next())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.keepTrying(engine) { try await Self.answer(engine) } }
            for _ in 0..<2 {
                group.addTask { await Self.keepTrying(engine) { try await Self.carry(engine, generator) } }
            }
            for number in self.cancelled.sorted() {
                group.addTask { try await self.cancel(number, engine, after: .milliseconds(generator.next() % 3000)) }
            }
            try await self.run(engine)
            // What was booked is carried to its end, by whichever process.
            try await engine.store.room(in: "ledger", below: 1)
            group.cancelAll()
        }
    }

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    private func run(_ engine: Engine) async throws {
        for (number, plan) in self.plans.enumerated() {
            _ = try await engine.start(Self.top(), plan, key: "\(number)")
        }
        for (number, plan) in self.plans.enumerated() {
            guard let run = try await engine.run(of: Self.top(), key: "\(number)") else {
                throw Wrong(description: "run \(number) is gone")
            }
            do {
                let value = try await run.value
                guard value == plan.expected else {
                    throw Wrong(description: "run \(number) has come to \(value) instead of \(plan.expected)")
                }
            } catch let failure as Failure where failure.kind == .cancelled && self.cancelled.contains(number) {
                // The operator was faster.
            }
        }
    }

    /// Does something again and again until the task is cancelled or the store is closed, or it returns `true`.
    private static func keepTrying(_ engine: Engine, _ body: @Sendable () async throws -> Bool) async {
        while !Task.isCancelled {
            do {
                if try await body() { return }
            } catch let error as PenstockError where error.code == .storeClosed {
                return
            } catch {
                // The store is not there, or somebody else was faster: after a while it is tried again.
                try? await engine.store.environment.clock.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Somebody looks at the desk, and answers whatever waits there.
    private static func answer(_ engine: Engine) async throws -> Bool {
        let desk = try engine.desk(of: Self.review)
        for item in try await desk.waiting() { try await desk.resolve(item.key, with: item.value &+ 2) }
        try await engine.store.environment.clock.sleep(for: .milliseconds(300))
        return false
    }

    /// An operator cancels a run, if it has not ended yet.
    private func cancel(_ number: Int, _ engine: Engine, after delay: Duration) async throws {
        try await engine.store.environment.clock.sleep(for: delay)
        await Self.keepTrying(engine) {
            do {
                try await engine.control.cancel(.key(queue: "program-0", "\(number)"))
            } catch let error as PenstockError where error.code == .conflict {
                // It has ended.
            }
            return true
        }
    }

    /// A worker carries what was booked from one queue to the other, in its own time.
    private static func carry(_ engine: Engine, _ generator: SeededEntropy) async throws -> Bool {
        let ledger = try Queue<Int>("ledger", in: engine.store)
        let lease = try await ledger.reserve(for: .seconds(5))
        let mood = generator.next() % 6
        try await Self.dawdle(mood, with: lease, engine.store.environment.clock)
        try await Self.settle(mood, lease, in: engine.store)
        return false
    }

    private static func settle(_ mood: UInt64, _ lease: consuming Lease<Int>, in store: any Store) async throws {
        if mood == 0 {
            try await lease.release()
        } else if mood == 1 {
            try await lease.retry(after: .seconds(1), because: Refused())
        } else {
            let outbox = try Queue<Int>("outbox", in: store)
            let value = lease.value
            var transaction = Transaction()
            try transaction.move(lease, value, to: outbox.writer)
            _ = try await store.commit(transaction)
        }
    }

    /// Takes longer than the lease lasts, or asks for more time first.
    private static func dawdle(
        _ mood: UInt64,
        with lease: borrowing Lease<Int>,
        _ clock: any PenstockClock
    ) async throws {
        if mood == 2 { try await clock.sleep(for: .seconds(8)) }
        guard mood == 3 else { return }
        try await clock.sleep(for: .seconds(3))
        try await lease.extend(for: .seconds(5))
        try await clock.sleep(for: .seconds(4))
    }

    // MARK: The end

    /// Every run has ended as it should, step by step, and what was booked was carried once.
    public func check(_ store: any Store) async throws {
        var expected: [Int] = []
        var maybe: [Int] = []
        for (number, plan) in self.plans.enumerated() {
            guard let run = try await store.item(.key(queue: "program-0", "\(number)")) else {
                throw Wrong(description: "run \(number) is gone")
            }
            if run.state == .completed {
                expected += plan.bookings
                try await self.checkJournal(of: run, plan, store)
            } else {
                maybe += plan.bookings
            }
        }
        var carried = try await Queue<Int>("outbox", in: store).items(limit: 100_000).map(\.value)
        for value in expected {
            guard let place = carried.firstIndex(of: value) else {
                throw Wrong(description: "\(value) was booked and not carried")
            }
            carried.remove(at: place)
        }
        for value in carried {
            guard let place = maybe.firstIndex(of: value) else {
                throw Wrong(description: "\(value) was carried more often than it was booked")
            }
            maybe.remove(at: place)
        }
    }

    private func checkJournal(of run: ItemRecord, _ plan: Plan, _ store: any Store) async throws {
        let journal = try await Control(store: store).journal(of: run)
        guard journal.count == plan.length else {
            throw Wrong(description: "run \(run.key) has \(journal.count) steps instead of \(plan.length)")
        }
        for step in journal where step.state == .completed {
            if step.queue.hasPrefix("program") {
                try await self.checkJournal(of: step, step.payload.decode(as: Plan.self), store)
            } else if !step.queue.hasPrefix("~"), step.queue != "review" {
                guard self.world.count(step.queue, step.payload.text) > 0 else {
                    throw Wrong(description: "\(step.queue)(\(step.payload.text)) has a result and was never done")
                }
            }
        }
    }
}

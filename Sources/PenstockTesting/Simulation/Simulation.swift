public import Penstock
import Synchronization

/// A world of its own in one thread: its time, its chance and the order of its tasks are determined by a seed.
///
/// Time passes only when nothing else can happen, and then at once to the next moment at which something does. So a
/// test of hours takes milliseconds, and a deadlock is found instead of waited for. Everything that runs in it has to
/// take its tasks from the simulation's environment and may not use threads of its own: a ``MemoryStore`` and an
/// engine over it do.
public final class Simulation: Sendable {
    /// What determines the order of tasks and all chance.
    public let seed: UInt64
    let parts: TestingEnvironment
    private let scheduler: SeededScheduler
    private let lane: SeededScheduler.Lane

    /// Makes a world.
    public init(seed: UInt64 = 0) {
        let scheduler = SeededScheduler(seed: seed &+ 1)
        self.seed = seed
        self.scheduler = scheduler
        self.lane = scheduler.lane()
        self.parts = RuntimeEnvironment.testing(seed: seed, scheduler: self.lane)
    }

    /// The clock.
    public var clock: ManualClock { self.parts.clock }

    /// What was reported.
    public var notices: NoticeLog { self.parts.notices }

    /// What to give to a store or an engine.
    public var environment: RuntimeEnvironment { self.parts.environment }

    /// Starts a task in the world; it runs when ``run(for:_:)`` or ``settle()`` does.
    @discardableResult
    public func start<Success: Sendable>(
        _ body: @escaping @Sendable () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(executorPreference: self.lane) { try await body() }
    }

    /// Runs whatever can run without time passing.
    public func settle() {
        self.scheduler.runUntilIdle()
    }

    /// Runs `body` to its end and returns what it returns, letting time pass as it is needed.
    ///
    /// - Parameters:
    ///   - limit: How much of the world's time it may take.
    ///   - body: What to run.
    /// - Throws: What `body` throws; ``SimulationStuck`` when it waits for something that nobody will bring about, or
    ///   not within the limit.
    public func run<Success: Sendable>(
        for limit: Duration = .seconds(86_400),
        _ body: @escaping @Sendable () async throws -> Success
    ) throws -> Success {
        let end = self.clock.uptime + limit
        let result = Mutex<Result<Success, any Error>?>(nil)
        self.start {
            let outcome: Result<Success, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            result.withLock { $0 = outcome }
        }
        while true {
            self.settle()
            if let outcome = result.withLock({ $0 }) { return try outcome.get() }
            let next = self.clock.nextWakeUp
            guard let next, next <= end, self.clock.advanceToNextWakeUp() else {
                throw SimulationStuck(seed: self.seed, time: self.clock.uptime, nextWakeUp: next)
            }
        }
    }
}

/// A simulation waits for something that will not happen.
public struct SimulationStuck: Error, CustomStringConvertible {
    /// The seed with which to see it again.
    public let seed: UInt64
    /// The world's time at which nothing was left to do.
    public let time: Duration
    /// When somebody would have woken, past the limit; `nil` when nobody sleeps, which is a deadlock.
    public let nextWakeUp: Duration?

    /// The error in one line.
    public var description: String {
        let rest = self.nextWakeUp.map { "before \($0), which is past the limit," } ?? "at all"
        return "after \(self.time) nothing is left to do \(rest) and the body has not ended (seed \(self.seed))"
    }
}

import Penstock
import PenstockTesting
import Testing

@Suite("Attempts and their limits")
struct RetryTests {
    /// The times at which an activity that always fails is tried, and how its run ended.
    private func attempts(_ options: ActivityOptions, seed: UInt64 = 0) throws -> (times: [Duration], Failure) {
        let simulation = Simulation(seed: seed)
        let times = Log<Duration>()
        let failing = Activity("failing", options: options) { (_: Int) -> Int in
            times.add(simulation.clock.uptime)
            throw Broken()
        }
        let failure = try simulation.run {
            let engine = try await Engine(
                store: .memory,
                pipelines: [failing],
                environment: simulation.environment
            )
            return try await engine.run {
                let run = try await engine.start(failing, 1)
                return await #expect(throws: Failure.self) { try await run.value }
            }
        }
        return (times.all, try #require(failure))
    }

    @Test func `attempts are counted, and the last failure is kept`() throws {
        let (times, failure) = try self.attempts(
            ActivityOptions(retry: RetryPolicy(attempts: 4, delay: .seconds(1), backoff: 1, jitter: 0))
        )
        #expect(times == [.zero, .seconds(1), .seconds(2), .seconds(3)])
        #expect(failure.kind == .failed)
        #expect(failure.attempts == 4)
        #expect(failure.errorType == "Broken")
        #expect(failure.pipeline == "failing")
    }

    @Test func `BT-23: the wait grows from attempt to attempt, up to its limit`() throws {
        let policy = RetryPolicy(attempts: 6, delay: .seconds(1), backoff: 3, maximumDelay: .seconds(20), jitter: 0)
        let (times, _) = try self.attempts(ActivityOptions(retry: policy))
        #expect(zip(times, times.dropFirst()).map { $1 - $0 } == [1, 3, 9, 20, 20].map { .seconds($0) })
    }

    @Test func `a part of the wait is left to chance, which the seed determines`() throws {
        let policy = RetryPolicy(attempts: 5, delay: .seconds(8), backoff: 1, jitter: 0.5)
        let options = ActivityOptions(retry: policy)
        let (times, _) = try self.attempts(options, seed: 7)
        for (before, after) in zip(times, times.dropFirst()) {
            #expect((.seconds(4)...Duration.seconds(8)).contains(after - before))
        }
        #expect(Set(zip(times, times.dropFirst()).map { $1 - $0 }).count > 1)
        #expect(try self.attempts(options, seed: 7).times == times)
        #expect(try self.attempts(options, seed: 8).times != times)
    }

    @Test func `an error that is not worth it is not tried again`() throws {
        let policy = RetryPolicy(isRetryable: { !($0 is Broken) })
        let (times, failure) = try self.attempts(ActivityOptions(retry: policy))
        #expect(times.count == 1)
        #expect(failure.attempts == 1)
    }

    @Test func `all attempts together take no longer than they may`() throws {
        let (times, failure) = try self.attempts(
            ActivityOptions(
                retry: RetryPolicy(delay: .seconds(10), backoff: 1, jitter: 0),
                scheduleToClose: .seconds(25)
            )
        )
        #expect(times == [.zero, .seconds(10), .seconds(20)])
        #expect(failure.attempts == 3)
    }

    @Test(arguments: [true, false])
    func `an attempt that takes too long is ended and tried again, whether it heeds that or not`(
        heeds: Bool
    ) throws {
        let simulation = Simulation()
        let tally = Tally()
        let options = ActivityOptions(
            retry: RetryPolicy(attempts: 2, delay: .seconds(1), jitter: 0),
            startToClose: .seconds(5)
        )
        let slow = Activity("slow", options: options) { (_: Int) -> Int in
            tally.add("begun")
            if heeds {
                try? await simulation.clock.sleep(for: .seconds(1000))
                if Task.isCancelled { tally.add("cancelled") }
            } else {
                // Whatever becomes of the attempt, this waits on.
                let wait = Task(executorPreference: simulation.environment.scheduler) {
                    try await simulation.clock.sleep(for: .seconds(1000))
                }
                _ = await wait.result
            }
            return 1
        }
        let failure = try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [slow], environment: simulation.environment)
            return try await engine.run {
                let run = try await engine.start(slow, 1)
                return await #expect(throws: Failure.self) { try await run.value }
            }
        }
        #expect(failure?.kind == .timedOut)
        #expect(failure?.attempts == 2)
        #expect(tally["begun"] == 2)
        #expect(tally["cancelled"] == (heeds ? 2 : 0))
        #expect(simulation.clock.uptime < .seconds(60))
    }

    @Test func `BT-6: an item that always fails holds nobody back`() throws {
        let simulation = Simulation()
        let picky = Activity(
            "picky",
            options: ActivityOptions(retry: RetryPolicy(attempts: 3, delay: .seconds(30), jitter: 0), concurrency: 1)
        ) { (x: Int) -> Int in
            if x < 0 { throw Broken() }
            return x
        }
        try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [picky], environment: simulation.environment)
            try await engine.run {
                let poisoned = try await engine.start(picky, -1)
                let runs = try await engine.start(picky, (0..<50).map { (key: nil, input: $0) })
                for (number, run) in runs.enumerated() { #expect(try await run.value == number) }
                #expect(simulation.clock.uptime < .seconds(30))
                await #expect(throws: Failure.self) { try await poisoned.value }
                #expect(try await engine.control.deadLetters().map(\.id) == [poisoned.id])
            }
        }
    }

    @Test func `what does not decode is a dead letter with its bytes, and holds nobody back`() throws {
        let simulation = Simulation()
        try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [double], environment: simulation.environment)
            let wrong = Activity("double") { (x: String) in x }
            let bad = try await engine.start(wrong, "not a number")
            let value = try await engine.run {
                await #expect(throws: Failure.self) { try await bad.value }
                return try await engine.start(double, 4).value
            }
            #expect(value == 8)
            let dead = try #require(try await engine.control.deadLetters(queue: "double").first)
            #expect(dead.payload.text == "\"not a number\"")
            #expect(dead.failure?.kind == .undecodable)
        }
    }

    @Test func `BT-10: as many items are worked on at once as was said, and no more`() throws {
        let simulation = Simulation()
        let inFlight = InFlight()
        let slow = Activity("slow", options: ActivityOptions(concurrency: 7)) { (x: Int) in
            inFlight.enter()
            try await simulation.clock.sleep(for: .seconds(1))
            inFlight.leave()
            return x
        }
        try simulation.run {
            let engine = try await Engine(store: .memory, pipelines: [slow], environment: simulation.environment)
            let runs = try await engine.start(slow, (0..<70).map { (key: nil, input: $0) })
            try await engine.run { for run in runs { _ = try await run.value } }
        }
        #expect(inFlight.most == 7)
        #expect(simulation.clock.uptime < .seconds(12))
    }
}

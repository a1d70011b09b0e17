import DiskWorkload
import Penstock
import PenstockTesting
import Synchronization
import Testing

@Suite("The test kit notices what it is there to notice", .timeLimit(.minutes(60)))
struct TestKitTests {
    /// The cases that a store which breaks a promise fails.
    private func failures(_ lie: LyingStore.Lie) -> [String] {
        let conformance = StoreConformance(keeps: false) { _, environment in
            LyingStore(over: await MemoryStore(environment: environment), lie: lie)
        }
        return StoreConformance.cases.filter { promise in
            guard !promise.isLarge, !promise.reopens else { return false }
            let simulation = Simulation()
            do {
                try simulation.run(for: .seconds(200_000)) { try await conformance.check(promise, in: simulation) }
                return false
            } catch {
                return true
            }
        }.map(\.name)
    }

    @Test(arguments: LyingStore.Lie.allCases)
    func `a store that breaks a promise fails a case, and an honest one none`(_ lie: LyingStore.Lie) {
        let failures = self.failures(lie)
        if lie == .none {
            #expect(failures == [])
        } else {
            // What is left of a refused transaction is looked for wherever one is refused.
            #expect(failures.count >= (lie == .leavesTraces ? 30 : 1), "\(failures.count)")
        }
    }

    @Test func `a store that does not keep what it had fails every case that opens it again`() async throws {
        let conformance = StoreConformance(keeps: true) { _, environment in
            await MemoryStore(environment: environment)
        }
        let reopening = StoreConformance.cases.filter { $0.reopens && !$0.isLarge }
        for promise in reopening {
            await #expect(throws: (any Error).self, "\(promise)") { try await conformance.check(promise) }
        }
    }

    @Test(arguments: [LyingStore.Lie.hidesRefusals, .forgetsResults, .turnsTheOrderAround, .miscounts])
    func `a random life notices a store that breaks a promise, and names its seed`(_ lie: LyingStore.Lie) throws {
        let conformance = StoreConformance(keeps: false) { _, environment in
            LyingStore(over: await MemoryStore(environment: environment), lie: lie)
        }
        let simulation = Simulation(seed: 5)
        let failure = #expect(throws: TrialFailure.self) {
            try simulation.run(for: .seconds(1_000_000)) { try await conformance.trial(in: simulation) }
        }
        #expect(failure?.seed == 5)
    }

    @Test func `a crash matrix notices a store that forgets, and counts the deaths`() throws {
        func outcome(_ matrix: CrashMatrix) -> Result<Void, any Error> {
            let simulation = Simulation()
            return Result {
                try simulation.run(for: .seconds(120)) { [environment = simulation.environment] in
                    try await matrix.check(.after(40), at: "place", under: environment)
                }
            }
        }
        let disks = MemoryDisks()
        let honest = CrashMatrix { place, environment in try await disks[place].open(environment) }
        try outcome(honest).get()
        #expect(honest.deaths == 1)
        let forgetful = CrashMatrix { _, environment in await MemoryStore(environment: environment) }
        #expect(throws: ConformanceFailure.self) { try outcome(forgetful).get() }
        #expect(forgetful.deaths == 0, "what was not found to be right is not counted")
    }
}

@Suite("A store whose process dies", .timeLimit(.minutes(60)))
struct CrashingStoreTests {
    private static let push = Transaction([.push(NewItem(queue: "q", key: "a", payload: payload("1")))])

    @Test func `dies before a call has any effect, or after it, and is dead from then on`() async throws {
        for (point, isThere) in [(CrashingStore.Point.before(1), false), (.after(1), true)] {
            let disk = MemoryDisk()
            let store = CrashingStore(over: try await disk.open(RuntimeEnvironment()), dyingAt: point)
            for _ in 0..<2 {
                let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(Self.push) }
                #expect(error?.code == .storeClosed)
            }
            #expect(store.isDead)
            await #expect(throws: PenstockError.self) { _ = try await store.counts() }
            let again = try await disk.open(RuntimeEnvironment())
            #expect((try await again.item(.key(queue: "q", "a")) != nil) == isThere)
            await again.close()
        }
    }

    @Test func `refuses commits, or loses their answers, and goes on afterwards`() async throws {
        for (outage, isThere) in [(CrashingStore.Outage.refuses, false), (.losesAnswers, true)] {
            let store = CrashingStore(over: await MemoryStore())
            store.fail(outage, commits: 1, after: 1)
            _ = try await store.commit(Transaction([.push(NewItem(queue: "q", key: "first", payload: payload("1")))]))
            let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(Self.push) }
            #expect(error?.code == .storeUnavailable)
            #expect((try await store.item(.key(queue: "q", "a")) != nil) == isThere)
            _ = try await store.commit(Self.push)
            #expect(try await store.item(.key(queue: "q", "a")) != nil)
            await store.close()
        }
    }
}

@Suite("A simulated world", .timeLimit(.minutes(60)))
struct SimulationTests {
    /// Numbers in the order in which they came.
    private final class Numbers: Sendable {
        private let list = Mutex<[Int]>([])

        var all: [Int] { self.list.withLock { $0 } }

        func add(_ number: Int) { self.list.withLock { $0.append(number) } }
    }

    @Test func `finds a deadlock, and says with which seed`() {
        let simulation = Simulation(seed: 9)
        let stuck = #expect(throws: SimulationStuck.self) {
            try simulation.run {
                let store = await MemoryStore(environment: simulation.environment)
                try await simulation.environment.clock.sleep(for: .seconds(3))
                _ = try await store.news(for: Holder(number: 1))
            }
        }
        #expect(stuck?.seed == 9)
        #expect(stuck?.time == .seconds(3))
        #expect(stuck?.nextWakeUp == nil)
        #expect(stuck?.description.contains("seed 9") == true)
    }

    @Test func `ends at its limit, and tells that from a deadlock`() {
        let simulation = Simulation()
        let stuck = #expect(throws: SimulationStuck.self) {
            try simulation.run(for: .seconds(10)) {
                for _ in 0..<100 { try await simulation.environment.clock.sleep(for: .seconds(4)) }
            }
        }
        #expect(stuck?.time == .seconds(8))
        #expect(stuck?.nextWakeUp == .seconds(12))
    }

    @Test func `runs tasks in one order for each seed, and in others for other seeds`() throws {
        func order(_ seed: UInt64) throws -> [Int] {
            let simulation = Simulation(seed: seed)
            let log = Numbers()
            for number in 0..<10 { simulation.start { log.add(number) } }
            simulation.settle()
            return log.all
        }
        for seed in 0..<5 as Range<UInt64> {
            #expect(try order(seed) == order(seed))
            #expect(try order(seed).sorted() == Array(0..<10))
        }
        #expect(try Set((0..<20).map { try order($0) }).count > 10)
    }

    @Test func `a seed determines all chance, and so it does on every machine`() {
        let entropy = SeededEntropy(seed: 0)
        #expect(
            (0..<3).map { _ in entropy.next() } == [
                0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f,
            ]
        )
    }

    @Test func `a clock wakes sleepers in the order of their times, and setting it wakes nobody`() async throws {
        let clock = ManualClock()
        let log = Numbers()
        let tasks = [3, 1, 2].map { number in
            Task {
                try await clock.sleep(for: .seconds(number))
                log.add(number)
            }
        }
        await clock.sleeping(atLeast: 3)
        clock.now = clock.now + .seconds(100)
        #expect(clock.sleepers == 3)
        for (task, left) in [(1, 2), (2, 1), (0, 0)] {
            #expect(clock.advanceToNextWakeUp())
            try await tasks[task].value
            #expect(clock.sleepers == left)
        }
        #expect(log.all == [1, 2, 3])
        #expect(clock.uptime == .seconds(3))
        #expect(!clock.advanceToNextWakeUp())
        let cancelled = Task { try await clock.sleep(for: .seconds(1)) }
        await clock.sleeping(for: .seconds(1))
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(clock.sleepers == 0)
    }

    @Test func `a hurried clock passes so many seconds in one`() {
        let (live, clock) = (LiveClock(), HurriedClock(speed: 1000))
        let (begun, start) = (clock.uptime, live.uptime)
        while live.uptime - start < .milliseconds(2) {}
        #expect(clock.uptime - begun >= .seconds(2))
    }
}

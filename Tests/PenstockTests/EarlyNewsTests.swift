import PenstockTesting
import Testing

@testable import Penstock

/// A step may be settled from elsewhere after the journal of its run was read, and before the run is in memory.
@Suite("News of a run that is on its way into memory")
struct EarlyNewsTests {
    private static let id = ItemID(root: 1, run: 1, step: 0)
    private static let call = Call(callee: "review", argument: Payload(bytes: [49]), source: "here:1")

    private static func leased(token: Int64 = 7) -> LeasedItem {
        let record = ItemRecord(
            id: Self.id,
            number: 1,
            queue: "flow",
            key: "one",
            due: .distantPast,
            created: .distantPast,
            token: 6,
            digest: 0,
            payload: Payload(bytes: [])
        )
        return LeasedItem(record: record, lease: LeaseReference(id: Self.id, token: token))
    }

    private static func step(_ number: Int, _ state: ItemState) -> ItemRecord {
        let id = ItemID(root: 1, run: 1, step: number)
        return ItemRecord(
            id: id,
            number: Int64(number) + 1,
            queue: Self.call.callee,
            key: id.key,
            state: state,
            due: .distantPast,
            created: .distantPast,
            digest: (1...number).reduce(0) { digest, _ in Self.call.digest(after: digest) },
            payload: Self.call.argument,
            result: state == .completed ? Payload(bytes: [50]) : nil,
            caller: Self.id
        )
    }

    private static func news(_ count: Int, _ steps: Set<Int>, token: Int64 = 7) -> RunNews {
        RunNews(lease: LeaseReference(id: Self.id, token: token), news: count, steps: steps, isOver: false)
    }

    // MARK: The machine

    @Test func `a replay that comes to a step after the news of it finds the result`() {
        var machine = RunMachine(Self.leased(), journal: [Self.step(1, .completed), Self.step(2, .ready)])
        let resumes = machine.heard(1, settled: [Self.step(2, .completed)])
        #expect(!resumes, "the body has not asked for the step yet, so nobody waits")
        let steps = [machine.issued(Self.call), machine.issued(Self.call)]
        #expect(steps == [1, 2])
        guard case .proceed(2, .success(Payload(bytes: [50]))) = machine.awaits([2]) else {
            Issue.record("the replay took the step for open, as the journal had it before the news")
            return
        }
        #expect(machine.replayed == 2)
        #expect(machine.divergence == nil)
    }

    @Test func `a replay that comes to a step after its end was recorded here finds the result`() {
        var machine = RunMachine(Self.leased(), journal: [Self.step(1, .completed), Self.step(2, .ready)])
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        let delivery = machine.arrived(2, outcome, Recording([]))
        #expect(delivery == .record, "the body has not asked for the step yet")
        let resumes = machine.recorded(2, outcome)
        #expect(!resumes)
        let steps = [machine.issued(Self.call), machine.issued(Self.call)]
        #expect(steps == [1, 2])
        guard case .proceed(2, outcome) = machine.awaits([2]) else {
            Issue.record("the replay parked on a step whose end wakes nobody any more")
            return
        }
    }

    @Test func `a replay does not park on a step whose end is being recorded`() {
        var machine = RunMachine(Self.leased(), journal: [Self.step(1, .ready)])
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        _ = machine.arrived(1, outcome, Recording([]))
        _ = machine.issued(Self.call)
        guard case .wait = machine.awaits([1]) else {
            Issue.record("the run was parked on a result that is being recorded")
            return
        }
        let resumes = machine.unrecorded(1)
        #expect(resumes)
        guard case .commit = machine.awaits([1]) else {
            Issue.record("the run waits for news without having been parked")
            return
        }
    }

    @Test func `news of a step that the journal has no call of makes no call`() {
        var machine = RunMachine(Self.leased(), journal: [Self.step(1, .ready)])
        _ = machine.heard(1, settled: [Self.step(2, .completed)])
        let steps = [machine.issued(Self.call), machine.issued(Self.call)]
        #expect(steps == [1, 2])
        #expect(machine.replayed == 1, "the second call is new")
    }

    // MARK: The runs in memory

    private static func hotRun(_ environment: RuntimeEnvironment) async -> (HotRuns, HotRun) {
        let core = EngineCore(store: await MemoryStore(environment: environment), workers: [])
        return (core.hot, Self.hotRun(in: core, token: 7))
    }

    private static func hotRun(in core: EngineCore, token: Int64) -> HotRun {
        HotRun(Self.leased(token: token), journal: [], slot: Slot(of: Slots(1)), core: core)
    }

    @Test func `all news is kept for a run that is not there yet, and handed out once`() async {
        let (hot, run) = await Self.hotRun(RuntimeEnvironment.testing().environment)
        #expect(hot.run(for: Self.news(1, [3])) == nil)
        #expect(hot.run(for: Self.news(2, [5])) == nil)
        #expect(hot.insert(run).news == Self.news(2, [3, 5]))
        #expect(hot.run(for: Self.news(3, [6])) === run)
        hot.remove(run)
        #expect(hot.insert(run).news == nil)
    }

    @Test func `a run that has left is forgotten, and so are the places in which it has parked`() async {
        let environment = RuntimeEnvironment.testing().environment
        // So little that every place is noted, and nobody makes room.
        let hot = HotRuns(budget: 1, replaysAlways: false, environment: environment)
        weak var left: HotRun?
        do {
            let (_, run) = await Self.hotRun(environment)
            left = run
            _ = hot.insert(run)
            for _ in 0..<5000 { hot.parked(run) }
            #expect(hot.places > 0)
            #expect(hot.places < 2000)
            hot.remove(run)
        }
        #expect(left == nil)
    }

    @Test func `news for a run that does not come is forgotten`() async {
        let (hot, run) = await Self.hotRun(RuntimeEnvironment.testing().environment)
        _ = hot.run(for: Self.news(1, [3]))
        hot.forgetNews(of: run.leased.lease)
        #expect(hot.insert(run).news == nil)
    }

    @Test func `news of another lease is not handed out`() async {
        let (hot, run) = await Self.hotRun(RuntimeEnvironment.testing().environment)
        _ = hot.run(for: Self.news(4, [3], token: 6))
        #expect(hot.insert(run).news == nil)
        #expect(hot.run(for: Self.news(5, [3], token: 6)) == nil)
        // Of the next lease, whose run is not there yet.
        #expect(hot.run(for: Self.news(1, [4], token: 8)) == nil)
        hot.forgetNews(of: run.leased.lease)
        #expect(hot.insert(Self.hotRun(in: run.core, token: 8)).news == Self.news(1, [4], token: 8))
    }

    @Test func `of two runs that meet, the one that has lost its lease gives way`() async {
        let (hot, run) = await Self.hotRun(RuntimeEnvironment.testing().environment)
        let heir = Self.hotRun(in: run.core, token: 8)
        #expect(hot.insert(run).former == nil)
        #expect(hot.insert(heir).former === run)
        #expect(hot.insert(run).former === run, "it was slow to come, and its heir is there already")
        #expect(hot[run.id] === heir)
        #expect(hot.bytes == heir.bytes)
    }

    // MARK: The engine

    private static let review = ExternalTask<Int, Int>("review")
    private static let both = Workflow("both") { (_: Int, context) in
        let (a, b) = try await context.all(context.start(Self.review, 1), context.start(Self.review, 2))
        return a * 100 + b
    }

    /// The answer to one step wakes the run; the answer to the other comes when the journal has just been read.
    @Test(arguments: [0, 1], 0..<20)
    func `a step that ends while the journal is read is not waited for`(first: Int, seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        try simulation.run(for: .seconds(60)) {
            let store = HookedStore(over: await MemoryStore(environment: simulation.environment))
            let engine = try await Engine(
                store: .open(store),
                pipelines: [Self.both, Self.review],
                configuration: EngineConfiguration(replay: .always)
            )
            let value = try await engine.run {
                let run = try await engine.start(Self.both, 1)
                let desk = try engine.desk(of: Self.review)
                _ = try await engine.control.reached(.parked, run.id)
                while engine.statistics.hotRuns > 0 { try await simulation.clock.sleep(for: .milliseconds(1)) }
                let keys = try await desk.waiting().map(\.key)
                store.afterJournal {
                    await #expect(throws: Never.self) { try await desk.resolve(keys[1 - first], with: 7) }
                    // Time passes only when nothing else can happen, so the engine has heard by then.
                    try? await simulation.clock.sleep(for: .milliseconds(1))
                }
                try await desk.resolve(keys[first], with: 7)
                return try await run.value
            }
            #expect(value == 707)
            #expect(!store.isHooked, "the second answer came in time")
            #expect(engine.statistics.replays == 1, "one replay was enough: the news was not lost and read again")
        }
    }
}

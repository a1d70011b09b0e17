public import Penstock
import Synchronization

/// A program over a store that dies at every call in turn, and what has to hold when it is run again.
///
/// The program has workflows that call at once, race, nest, wait for people, retry and book exactly once. Whatever the
/// call at which its process dies, a second process has to come to the same results.
public struct CrashMatrix: Sendable {
    let runs: Int
    let replay: EngineConfiguration.Replay
    let open: StoreConformance.Open
    private let died = Counter()

    private final class Counter: Sendable {
        let value = Atomic(0)

        func add() { self.value.add(1, ordering: .relaxed) }
    }

    /// Makes a matrix over one kind of store, which has to keep what it had.
    public init(
        runs: Int = 2,
        replay: EngineConfiguration.Replay = .whenNeeded,
        open: @escaping StoreConformance.Open
    ) {
        self.runs = runs
        self.replay = replay
        self.open = open
    }

    /// How often a program has died, and what came of it was checked.
    ///
    /// A test that looks at every point expects about as many; when there are none, nothing was tested.
    public var deaths: Int { self.died.value.load(ordering: .relaxed) }

    /// Runs the program to its end without a crash.
    /// - Returns: how many calls of its store it makes.
    public func callsWithoutCrash(at place: String, under environment: RuntimeEnvironment) async throws -> Int {
        let (script, store) = (
            CrashScript(replay: self.replay), CrashingStore(over: try await self.open(place, environment))
        )
        let values = try await script.run(self.runs, over: store)
        try await self.verify(values, script, store)
        await store.close()
        return store.calls
    }

    /// Runs the program until it dies at `point`, runs it again to its end, and checks what it has come to.
    ///
    /// In another order of events the program may make fewer calls, and come to its end before the point: ``deaths``
    /// tells.
    /// - Throws: ``ConformanceFailure`` when something was lost, doubled or changed.
    public func check(
        _ point: CrashingStore.Point,
        at place: String,
        under environment: RuntimeEnvironment
    ) async throws {
        let first = CrashingStore(over: try await self.open(place, environment), dyingAt: point)
        try await self.check(first) { try await self.open(place, environment) }
    }

    /// Runs the program until its store dies, runs it again over what is left, and checks what it has come to.
    ///
    /// This is for stores that die by themselves, on a disk that fails for instance.
    ///
    /// - Parameters:
    ///   - first: The store, which is closed before the next is opened.
    ///   - reopen: Opens what is left of it.
    /// - Throws: ``ConformanceFailure`` when something was lost, doubled or changed.
    public func check(_ first: CrashingStore, reopening reopen: () async throws -> any Store) async throws {
        let script = CrashScript(replay: self.replay)
        do {
            _ = try await script.run(self.runs, over: first)
        } catch let error as PenstockError {
            try expect(error.code, is: .storeClosed, "the error of a program whose store dies: '\(error)'")
        }
        await first.close()
        let second = CrashingStore(over: try await reopen())
        let bench = StoreBench(over: second)
        let (before, effects) = (try await bench.content(), script.world.all)
        try await bench.checkCounts()
        try Self.checkAcknowledged(first.acknowledged, before)
        let values = try await script.run(self.runs, over: second)
        try await self.verify(values, script, second, before: before, effects: effects, crashes: 1)
        await second.close()
        if first.isDead { self.died.add() }
    }

    /// Runs the program while commits fail for a while, from the commit with this number on.
    public func check(
        _ outage: CrashingStore.Outage,
        ofCommits count: Int,
        at place: String,
        under environment: RuntimeEnvironment,
        after commits: Int
    ) async throws {
        let (script, store) = (
            CrashScript(replay: self.replay), CrashingStore(over: try await self.open(place, environment))
        )
        for number in 1...self.runs { try await script.prepare(number, in: store) }
        store.fail(outage, commits: count, after: commits)
        let values = try await script.run(self.runs, over: store)
        try await self.verify(values, script, store)
        await store.close()
    }

    /// Checks what a program has come to that has ended, and that it has done everything as often as it may.
    func verify(
        _ values: [[Int]],
        _ script: CrashScript,
        _ store: any Store,
        before: [ItemID: ItemRecord] = [:],
        effects: [String: Int] = [:],
        crashes: Int = 0
    ) async throws {
        try expect(values, is: (1...self.runs).map { CrashScript.expected($0) }, "the results")
        let bench = StoreBench(over: store)
        try await bench.checkCounts()
        let after = try await bench.content()
        try Self.checkSteps(after, runs: self.runs)
        try Self.checkHistory(before: before, after: after)
        try Self.checkEffects(script.world.all, before: effects, done: before, crashes: crashes)
        // Pushed without a key by a transactional activity: a second push would show.
        let ledger = after.values.filter { $0.queue == "ledger" }.map(\.payload.text)
        try expect(ledger.sorted(), is: (1...self.runs).map { "\($0 * 100 + 30)" }.sorted(), "the ledger")
        let answers = after.values.filter { $0.queue == "answers" }.map(\.key)
        try expect(answers.sorted(), is: (1...self.runs).map { "\($0)" }.sorted(), "who got an answer")
    }

    /// Every journal is numbered without a gap, and everything in it has ended.
    private static func checkSteps(_ rows: [ItemID: ItemRecord], runs: Int) throws {
        var journals: [Int64: [Int]] = [:]
        for row in rows.values where !row.id.isRoot {
            journals[row.id.run, default: []].append(row.id.step)
            let isLoser = row.queue == "never"
            try expect(row.state, is: isLoser ? .cancelled : .completed, "the state of step \(row.key) of \(row.queue)")
        }
        for (run, steps) in journals {
            try expect(steps.sorted(), is: Array(1...steps.count), "the numbers of the steps of run \(run)")
        }
        let mains = rows.values.filter { $0.queue == "main" }
        try expect(mains.count, is: runs, "how many runs there are")
        for main in mains { try expect(journals[main.number]?.count, is: 15, "how many steps run \(main.key) has") }
    }

    /// What the program was told before the crash is so after it.
    static func checkAcknowledged(
        _ acknowledged: (items: Set<ItemID>, ended: Set<ItemID>),
        _ rows: [ItemID: ItemRecord]
    ) throws {
        let (items, ended) = acknowledged
        for id in items { _ = try require(rows[id], "item \(id.key), which was acknowledged, after the crash") }
        for id in ended { try expect(rows[id]?.state, is: .completed, "how \(id.key) ended, as was acknowledged") }
    }

    /// What was recorded before the crash is there after it, unchanged.
    private static func checkHistory(before: [ItemID: ItemRecord], after: [ItemID: ItemRecord]) throws {
        for (id, old) in before {
            let new = try require(after[id], "item \(id.key) of '\(old.queue)' to be there after the crash")
            try expect(new.queue, is: old.queue, "what step \(id.key) calls")
            try expect(new.digest, is: old.digest, "the argument of step \(id.key)")
            guard old.state.isSettled else { continue }
            try expect(new.state, is: old.state, "how step \(id.key) ended")
            try expect(new.result, is: old.result, "what step \(id.key) came to")
        }
    }

    /// What was recorded never ran again, and the rest once more at most.
    private static func checkEffects(
        _ effects: [String: Int],
        before: [String: Int],
        done: [ItemID: ItemRecord],
        crashes: Int
    ) throws {
        for row in done.values where row.state == .completed {
            let name = "\(row.queue)(\(row.payload.text))"
            guard let count = before[name], Self.isAskedOnce(row) else { continue }
            try expect(effects[name], is: count, "how often \(name) ran, which was recorded before the crash")
        }
        for (name, count) in effects where !name.hasPrefix("add") {
            let least = name.hasPrefix("flaky") ? 3 : 1
            try expect((least...least + crashes).contains(count), "\(name) ran \(least) times, or once more: \(count)")
        }
    }

    /// `add` is called with one of seven arguments by chance, which may be one that it had before.
    private static func isAskedOnce(_ row: ItemRecord) -> Bool {
        guard row.queue == "add", let argument = Int(row.payload.text) else { return true }
        return argument % 100 > 7
    }
}

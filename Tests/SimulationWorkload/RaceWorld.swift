public import Penstock
import PenstockTesting
import Synchronization

/// A world in which items and runs are ended from several sides at once.
public enum RaceWorld {
    /// How many items, and as many runs, there are in one.
    private static let size = 8

    /// How many orders of events one world tries.
    public static let schedules = 2 * Self.size

    private static let beat = Duration.milliseconds(1)

    /// Runs the world of a seed.
    /// - Returns: what is wrong with what came of it.
    public static func run(
        seed: UInt64,
        _ open: @escaping @Sendable (RuntimeEnvironment) async throws -> any Store
    ) throws -> [String] {
        let simulation = Simulation(seed: seed)
        return try simulation.run(for: .seconds(60)) { [environment = simulation.environment] in
            let store = try await open(environment)
            let chance = SeededEntropy(seed: seed ^ 0x7261_6365)
            let problems = try await self.race(over: store, chance) + self.raceRuns(over: store, chance)
            await store.close()
            return problems
        }
    }

    private static func race(over store: any Store, _ chance: SeededEntropy) async throws -> [String] {
        try await withThrowingTaskGroup { group in
            for number in 0..<Self.size {
                let own = SeededEntropy(seed: chance.next())
                let race = SettlementRace(over: store, queue: "race-\(number)", chance: own, beat: Self.beat)
                group.addTask { try await race.run() }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    // MARK: Under an engine

    /// Runs whose bodies end when their time is over, while an operator cancels them.
    private static func raceRuns(over store: any Store, _ chance: SeededEntropy) async throws -> [String] {
        let clock = store.environment.clock
        let options = ActivityOptions(
            retry: RetryPolicy(attempts: 2, delay: Self.beat),
            startToClose: Self.beat * 10
        )
        let timed = Activity("timed", options: options) { (x: Int, transaction: inout Transaction) in
            try await clock.sleep(for: Self.beat * (7 + x % 5))
            transaction.add(.push(NewItem(queue: "effects", payload: try Payload(encoding: x))))
            return x + 1
        }
        let flow = Workflow("flow") { (x: Int, context) in try await context.call(timed, x) }
        let engine = try await Engine(store: .open(store), pipelines: [timed, flow])
        let found = Found()
        try await engine.run {
            try await withThrowingTaskGroup { group in
                for number in 0..<Self.size {
                    let (x, delay) = (number * 1000 + Int(chance.next() % 5), Int(chance.next() % 24))
                    let run = try await engine.start(flow, x, key: "\(number)")
                    if chance.next() % 2 == 0 {
                        group.addTask { try await Self.cancel(run, engine, after: Self.beat * delay) }
                    }
                    group.addTask { found.add(try await Self.watch(run, x, engine)) }
                }
                try await group.waitForAll()
            }
        }
        let effects = try await store.items(ItemQuery(.roots(queue: "effects"))).map(\.payload)
        return found.problems + (Set(effects).count < effects.count ? ["an effect happened twice"] : [])
    }

    /// What was found to be wrong.
    private final class Found: Sendable {
        private let list = Mutex<[String]>([])

        var problems: [String] { self.list.withLock { $0 } }

        func add(_ more: [String]) { self.list.withLock { $0 += more } }
    }

    private static func cancel(_ run: Run<Int>, _ engine: Engine, after delay: Duration) async throws {
        try await engine.store.environment.clock.sleep(for: delay)
        do throws(PenstockError) {
            try await engine.control.cancel(.id(run.id))
        } catch {
            // It has ended.
            guard error.code == .conflict else { throw error }
        }
    }

    /// Waits for a run, and holds what it is told against what is stored then and after a while.
    private static func watch(_ run: Run<Int>, _ x: Int, _ engine: Engine) async throws -> [String] {
        let told: String
        do {
            told = "\(try await run.value)"
        } catch let failure as Failure {
            told = "\(failure.kind)"
        }
        let before = try await Self.tree(run, engine)
        try await engine.store.environment.clock.sleep(for: Self.beat * 40)
        let after = try await Self.tree(run, engine)
        var problems: [String] = []
        if before != after { problems.append("run \(run.key) has ended as \(told), and went on") }
        let step = after.last?.state
        let effects = try await engine.store.items(ItemQuery(.roots(queue: "effects"))).map(\.payload)
        let isThere = effects.contains(try Payload(encoding: x))
        if isThere != (step == .completed) {
            problems.append("run \(run.key), \(told): its effect is there: \(isThere)")
        }
        if after.contains(where: { !$0.state.isSettled }) { problems.append("run \(run.key) left an orphan") }
        if (told == "\(x + 1)") != (after.first?.state == .completed) { problems.append("run \(run.key) was \(told)") }
        return problems
    }

    /// A run and its steps.
    private static func tree(_ run: Run<Int>, _ engine: Engine) async throws -> [ItemRecord] {
        let record = try await engine.control.describe(.id(run.id))
        return [record] + (try await engine.control.journal(of: record))
    }
}

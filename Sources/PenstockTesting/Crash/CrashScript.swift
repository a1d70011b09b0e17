import Penstock
import Synchronization

/// What the outside world sees of the pipelines: how often each effect happened.
final class World: Sendable {
    private let effects = Mutex<[String: Int]>([:])

    /// Notes an effect, and says how often it has happened.
    @discardableResult
    func note(_ pipeline: String, _ argument: Int) -> Int {
        self.effects.withLock { effects in
            effects["\(pipeline)(\(argument))", default: 0] += 1
            return effects["\(pipeline)(\(argument))", default: 0]
        }
    }

    var all: [String: Int] { self.effects.withLock { $0 } }
}

/// A program that uses everything a workflow can do, and that a crash may interrupt anywhere.
struct CrashScript: Sendable {
    let world = World()
    var replay = EngineConfiguration.Replay.whenNeeded

    struct NotYet: Error {}

    /// A pipeline of its own kind, which an engine runs by its own loop.
    struct Echo: Pipeline {
        let name = "echo"
        let world: World

        func run(from input: ReadQueue<Int>, to output: WriteQueue<Int>) async throws {
            while true {
                let lease = try await input.reserve()
                self.world.note("echo", lease.value)
                var transaction = Transaction()
                let value = lease.value
                try transaction.move(lease, value, to: output)
                let moved = transaction
                // Hands in again what may not have happened.
                _ = try await output.store.patiently { try await output.store.commit(moved) }
            }
        }
    }

    static let review = ExternalTask<Int, Int>("review")
    static let never = ExternalTask<Int, Int>("never")

    func pipelines(in store: any Store) throws -> [any Pipeline] {
        let world = self.world
        let add = Activity("add") { (x: Int) in
            world.note("add", x)
            return x + 1
        }
        let patient = RetryPolicy(attempts: 10, delay: .milliseconds(2), jitter: 0)
        let flaky = Activity("flaky", options: ActivityOptions(retry: patient)) { (x: Int) in
            guard world.note("flaky", x) > 2 else { throw NotYet() }
            return x
        }
        let ledger = try Queue<Int>("ledger", in: store)
        let book = Activity("book") { (x: Int, transaction: inout Transaction) in
            world.note("book", x)
            try transaction.push(x, to: ledger)
            return x
        }
        let echo = Echo(world: world)
        let inner = Workflow("inner") { (x: Int, context) in
            let first = try await context.call(add, x)
            return try await context.call(add, first)
        }
        let main = Workflow("main") { (x: Int, context) in
            let base = x * 100
            let (a, b) = try await context.all(context.start(add, base + 1), context.start(add, base + 3))
            let first = try await context.race(context.start(add, base + 5), context.start(Self.never, x))
            let nested = try await context.call(inner, base + 10)
            let stubborn = try await context.call(flaky, base + 20)
            let answer = try await context.call(Self.review, x)
            let booked = try await context.call(book, base + 30)
            let echoed = try await context.call(echo, base + 40)
            let chance = try context.random()
            let more = try await context.all((50..<53).map { try context.start(inner, base + $0 * 10) })
            let again = try await context.call(add, base + Int(chance % 7))
            return [a, b, first, nested, stubborn, answer, booked, echoed, again - Int(chance % 7)] + more
        }
        return [add, flaky, book, echo, inner, main, Self.review, Self.never]
    }

    /// What every run should come to.
    static func expected(_ x: Int) -> [Int] {
        let base = x * 100
        return [
            base + 2, base + 4, base + 6, base + 12, base + 20, x * 1000, base + 30, base + 40, base + 1,
            base + 502, base + 512, base + 522,
        ]
    }

    /// Runs the program to its end over what the store has.
    func run(_ count: Int, over store: any Store) async throws -> [[Int]] {
        let engine = try await Engine(
            store: .open(store),
            pipelines: try self.pipelines(in: store),
            configuration: EngineConfiguration(
                replay: self.replay,
                storeRetryDelay: .milliseconds(5),
                drainLimit: .seconds(1)
            )
        )
        let scheduler = store.environment.scheduler
        return try await engine.run {
            let person = Task(executorPreference: scheduler) { try await Self.review(over: store) }
            defer { person.cancel() }
            var runs: [Run<[Int]>] = []
            for number in 1...count { runs.append(try await self.start(number, engine)) }
            var values: [[Int]] = []
            for run in runs { values.append(try await store.patiently { try await run.value }) }
            return values
        }
    }

    /// Starts a run before any engine works.
    func prepare(_ number: Int, in store: any Store) async throws {
        let engine = try await Engine(store: .open(store), pipelines: [])
        _ = try await self.start(number, engine)
    }

    private func start(_ number: Int, _ engine: Engine) async throws -> Run<[Int]> {
        let main = Workflow("main") { (_: Int, _) in [Int]() }
        return try await engine.store.patiently {
            try await engine.start(main, number, key: "\(number)", options: PushOptions(replyTo: "answers"))
        }
    }

    /// Somebody who looks at the desk now and then.
    private static func review(over store: any Store) async throws {
        let desk = try Self.review.desk(in: store)
        while true {
            for item in try await store.patiently({ try await desk.waiting() }) {
                try await Self.resolve(item, at: desk)
            }
            try await store.environment.clock.sleep(for: .milliseconds(10))
        }
    }

    private static func resolve(_ item: Item<Int>, at desk: Desk<Int, Int>) async throws {
        do {
            try await desk.resolve(item.key, with: item.value * 1000)
        } catch {
            // Looked at again later: it may have been resolved although nobody said so.
            guard error.code == .storeUnavailable || error.code == .conflict else { throw error }
        }
    }
}

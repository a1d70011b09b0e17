public import Penstock
public import PenstockTesting
import Synchronization

/// Runs that call others, and are cancelled or lose their process while those are at work.
///
/// Nothing that a run has called goes on without it, and nothing that was at work for it has an effect afterwards.
public struct FamilyProgram: FaultScenario {
    /// How often what was to be tested has happened, in all worlds.
    public final class Tally: Sendable {
        /// What was counted.
        public struct Counts: Sendable {
            /// Runs that were cancelled while steps of theirs were open.
            public var cancelled = 0
            /// Steps that went with them.
            public var ended = 0
            /// Effects of what had ended before.
            public var effects = 0
        }

        private let state = Mutex(Counts())

        /// Begins with nothing.
        public init() {}

        /// What was counted so far.
        public var counts: Counts { self.state.withLock { $0 } }

        func add(_ change: (inout Counts) -> Void) { self.state.withLock { change(&$0) } }
    }

    private let families: Int
    private let seed: UInt64
    private let tally: Tally
    private let ends = Ends()

    /// The trees of the runs that were cancelled, as whoever did it found them at once.
    private final class Ends: Sendable {
        private let trees = Mutex<[ItemID: [ItemRecord]]>([:])

        subscript(run: ItemID) -> [ItemRecord]? {
            get { self.trees.withLock { $0[run] } }
            set { self.trees.withLock { $0[run] = newValue } }
        }
    }

    /// Draws the families of a world.
    public init(_ knobs: FaultKnobs, _ tally: Tally) {
        self.families = 2 + Int(knobs.seed % 3)
        self.seed = knobs.seed
        self.tally = tally
    }

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    private static func book(_ process: SimulatedProcess) -> Activity<Int, Int> {
        let retry = RetryPolicy(attempts: .max, delay: .milliseconds(20), maximumDelay: .seconds(1))
        return Activity("book", options: ActivityOptions(retry: retry)) { (x: Int, transaction: inout Transaction) in
            try await process.environment.clock.sleep(for: .milliseconds(x % 7 * 200))
            transaction.add(.push(NewItem(queue: "effects", payload: try Payload(encoding: x))))
            return x
        }
    }

    /// The pipelines of a process: a parent has three children, each of which books twice.
    public func pipelines(of process: SimulatedProcess, over store: any Store) throws -> [any Pipeline] {
        let book = Self.book(process)
        let child = Workflow("child") { (x: Int, context) in
            let (a, b) = try await context.all(context.start(book, 2 * x), context.start(book, 2 * x + 1))
            return a + b
        }
        let parent = Workflow("parent") { (x: Int, context) in
            let children = try (0..<3).map { try context.start(child, 3 * x + $0) }
            return try await context.all(children).reduce(0, +)
        }
        return [book, child, parent]
    }

    private static var parent: Workflow<Int, Int> { Workflow("parent") { (_: Int, _) in 0 } }

    /// Starts every family, cancels some, and waits for all.
    public func drive(_ engine: Engine, in process: SimulatedProcess) async throws {
        let chance = SeededEntropy(seed: self.seed ^ process.environment.entropy.next())
        try await withThrowingTaskGroup { group in
            for family in 0..<self.families {
                let run = try await engine.start(Self.parent, family, key: "\(family)")
                let delay = Duration.milliseconds(chance.next() % 1600)
                // The last is left alone.
                if family < self.families - 1 { group.addTask { try await self.cancel(run, engine, after: delay) } }
                group.addTask { try await Self.wait(for: run, family) }
            }
            try await group.waitForAll()
        }
    }

    private static func wait(for run: Run<Int>, _ family: Int) async throws {
        do {
            let value = try await run.value
            let expected = (0..<6).reduce(0) { $0 + 6 * family + $1 }
            guard value == expected else { throw Wrong(description: "family \(family) came to \(value)") }
        } catch let failure as Failure where failure.kind == .cancelled {
            // The operator was faster.
        }
    }

    private func cancel(_ run: Run<Int>, _ engine: Engine, after delay: Duration) async throws {
        try await engine.store.environment.clock.sleep(for: delay)
        do throws(PenstockError) {
            try await engine.control.cancel(.id(run.id))
        } catch {
            guard error.code == .conflict else { throw error }
            // It has ended, or was cancelled by a call whose answer was lost.
            return
        }
        let tree = try await Self.tree(run.id, engine.store)
        self.ends[run.id] = tree
    }

    /// A run, its steps, and theirs.
    private static func tree(_ id: ItemID, _ store: any Store) async throws -> [ItemRecord] {
        var rest = [try await Control(store: store).describe(.id(id))]
        var found: [ItemRecord] = []
        while let next = rest.popLast() {
            found.append(next)
            rest += try await Control(store: store).journal(of: next)
        }
        return found.sorted { $0.id < $1.id }
    }

    /// No step is open, what was cancelled is as it was then, and each booking that has ended has its one effect.
    public func check(_ store: any Store) async throws {
        var expected: [Int] = []
        for family in 0..<self.families {
            guard let run = try await store.item(.key(queue: "parent", "\(family)")) else {
                throw Wrong(description: "family \(family) is gone")
            }
            let tree = try await Self.tree(run.id, store)
            for row in tree where !row.state.isSettled {
                throw Wrong(description: "\(row.id.key) of \(row.queue) is \(row.state) in a run that is \(run.state)")
            }
            if let end = self.ends[run.id] { try self.compare(tree, with: end) }
            for row in tree where row.queue == "book" && row.state == .completed {
                expected.append(try row.payload.decode(as: Int.self))
            }
        }
        let rows = try await store.items(ItemQuery(.roots(queue: "effects")))
        let effects = try rows.map { try $0.payload.decode(as: Int.self) }
        guard effects.sorted() == expected.sorted() else {
            throw Wrong(description: "the effects are \(effects.sorted()), and \(expected.sorted()) have ended")
        }
        self.tally.add { $0.effects += effects.count }
    }

    private func compare(_ tree: [ItemRecord], with end: [ItemRecord]) throws {
        let (now, then) = (tree.map { "\($0.id.key) \($0.state)" }, end.map { "\($0.id.key) \($0.state)" })
        guard now == then else { throw Wrong(description: "after it was cancelled, \(then) became \(now)") }
        let ended = end.count { $0.state == .cancelled }
        self.tally.add { counts in
            counts.cancelled += 1
            counts.ended += ended - 1
        }
    }
}

import Penstock
import PenstockTesting
import Synchronization
import Testing

/// Whoever hands something in as the store is closed hears of that, and never waits for an answer in vain.
@Suite("A store that is closed under its callers")
struct ClosingTests {
    /// A runner over a table in memory that refuses jobs once it is stopped, as one with a thread of its own does.
    private final class StoppableRunner: TableRunner {
        private let table = Mutex(MemoryTable())
        private let isStopped = Atomic(false)
        private let hook = Mutex<(@Sendable () -> Void)?>(nil)

        /// Calls `body` once: when the next job has come, before it is looked at whether the runner is stopped.
        func beforeNextJob(_ body: @escaping @Sendable () -> Void) {
            self.hook.withLock { $0 = body }
        }

        func post(_ job: @escaping @Sendable (MemoryTable) -> Void) -> Bool {
            let body = self.hook.withLock { hook in
                defer { hook = nil }
                return hook
            }
            body?()
            guard !self.isStopped.load(ordering: .relaxed) else { return false }
            self.table.withLock { job($0) }
            return true
        }

        func stop() async { self.isStopped.store(true, ordering: .relaxed) }

        /// What the table has, whether or not the runner is stopped.
        var keys: [String] {
            get throws {
                try self.table.withLock { table in try table.items(ItemQuery(.roots(queue: nil))).map(\.key) }
            }
        }
    }

    private static func push(_ key: String) -> Transaction {
        Transaction([.push(NewItem(queue: "q", key: key, payload: Payload(bytes: [49])))])
    }

    private static func open(_ runner: StoppableRunner, _ simulation: Simulation) async throws -> any Store {
        try await EmbeddedStore(environment: simulation.environment, writer: runner, reader: runner)
    }

    /// The larger number is more than one group holds.
    @Test(arguments: [3, 5000])
    func `transactions that meet the closing of their store are refused, each of them`(count: Int) throws {
        let simulation = Simulation()
        let runner = StoppableRunner()
        try simulation.run {
            let store = try await Self.open(runner, simulation)
            _ = try await store.commit(Self.push("before"))
            let others = Log<Task<Receipt, any Error>>()
            runner.beforeNextJob {
                // The first transaction is in the inbox, and its caller is about to have the inbox drained. Others
                // rely on that.
                for number in 1...count {
                    others.add(simulation.start { try await store.commit(Self.push("other \(number)")) })
                }
                simulation.settle()
                simulation.start { await store.close() }
                simulation.settle()
            }
            let error = await #expect(throws: PenstockError.self) { try await store.commit(Self.push("first")) }
            #expect(error?.code == .storeClosed)
            #expect(others.all.count == count)
            for other in others.all {
                let error = await #expect(throws: PenstockError.self) { try await other.value }
                #expect(error?.code == .storeClosed)
            }
        }
        #expect(try runner.keys == ["before"], "what was refused has not happened")
    }

    @Test func `a read that meets the closing of its store is refused`() throws {
        let simulation = Simulation()
        for isPage in [true, false] {
            let runner = StoppableRunner()
            try simulation.run {
                let store = try await Self.open(runner, simulation)
                runner.beforeNextJob {
                    simulation.start { await store.close() }
                    simulation.settle()
                }
                let error = await #expect(throws: PenstockError.self) {
                    if isPage {
                        _ = try await store.items(ItemQuery(.waiting(queue: "q")))
                    } else {
                        _ = try await store.item(.key(queue: "q", "a"))
                    }
                }
                #expect(error?.code == .storeClosed)
            }
        }
    }

    @Test func `a store cannot be opened over a runner that is stopped`() throws {
        let simulation = Simulation()
        try simulation.run {
            let runner = StoppableRunner()
            await runner.stop()
            let error = await #expect(throws: PenstockError.self) { try await Self.open(runner, simulation) }
            #expect(error?.code == .storeClosed)
        }
    }
}

import PenstockTesting
import Synchronization
import Testing

@testable import Penstock

/// What a run hands in is refused as a whole when one of the results in it has been overruled meanwhile.
@Suite("A run whose results are refused")
struct RefusalTests {
    /// A store in which somebody cancels a step just before its result is recorded, once.
    private final class HastyStore: StoreOverAnother {
        let inner: any Store
        private let isDone = Mutex(false)

        init(over inner: any Store) {
            self.inner = inner
        }

        func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
            for case .settle(let lease, .complete) in transaction.operations where !lease.id.isRoot {
                let isFirst = self.isDone.withLock { isDone in
                    defer { isDone = true }
                    return !isDone
                }
                if isFirst { _ = try await self.inner.commit(Transaction([.control(.id(lease.id), .cancel)])) }
            }
            return try await self.inner.commit(Transaction(transaction.operations))
        }
    }

    private static let double = Activity("double") { (x: Int) in 2 * x }

    /// Its result is handed in with its only step.
    private static let short = Workflow("short") { (x: Int, context) in
        do {
            return try await context.call(double, x)
        } catch is Failure {
            return -1
        }
    }

    /// Its next call is handed in with its first step, and its result with that of a nested run.
    private static let long = Workflow("long") { (x: Int, context) in
        do {
            _ = try await context.call(double, x)
            return try await context.call(short, x)
        } catch is Failure {
            return try await context.call(short, x) - 1
        }
    }

    @Test(arguments: 0..<20)
    func `a run goes on from what is true`(seed: Int) throws {
        let simulation = Simulation(seed: UInt64(seed))
        let values = try simulation.run(for: .seconds(60)) { [environment = simulation.environment] in
            var values: [Int] = []
            for workflow in [Self.short, Self.long] {
                let store = HastyStore(over: await MemoryStore(environment: environment))
                let engine = try await Engine(
                    store: .open(store),
                    pipelines: [Self.double, Self.short, Self.long]
                )
                values.append(try await engine.run { try await engine.start(workflow, 3, key: "one").value })
                let held = try await store.counts().map(\.leased)
                #expect(held.allSatisfy { $0 == 0 }, "nothing stays with somebody who has lost it")
            }
            return values
        }
        #expect(values == [-1, 5])
    }
}

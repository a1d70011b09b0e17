import CrashWorkload
import Penstock
import PenstockFlow
import PenstockTesting
import Synchronization
import Testing

/// What a durable run does when its store fails, when it is taken from it, and what it leaves.
@Suite("Durable graphs that lose their store or their run", .timeLimit(.minutes(60)))
struct DurableConductTests {
    private typealias Outcome = GraphWorkload.Outcome
    private static let count = 40

    @discardableResult
    private static func run(in store: any Store, as name: String = "run") async throws -> GraphResult {
        let output = try Queue<Outcome>("out", in: store)
        let graph = try GraphWorkload.graph()
        return try await graph.run(0..<Self.count, in: store, as: name, to: output, sizes: GraphWorkload.sizes)
    }

    /// What has come out, sorted, and the queues of all other rows.
    private static func rows(of store: any Store) async throws -> (items: [Outcome], left: [String]) {
        var rows: [ItemRecord] = []
        while true {
            let page = try await store.items(ItemQuery(.roots(queue: nil), after: rows.last))
            guard !page.isEmpty else { break }
            rows += page
        }
        let items = try rows.filter { $0.queue == "out" }.map { try $0.payload.decode(as: Outcome.self) }
        return (items.sorted(), rows.filter { $0.queue != "out" }.map(\.queue))
    }

    @Test func `a store that fails for good ends the run, which holds nothing any more`() async throws {
        let expected = try await GraphWorkload.expected(Self.count)
        for moment in FaultyStore.Moment.allCases {
            for call in [2, 3, 7, 20] {
                let store = await MemoryStore()
                let fault = FaultyStore.Fault(.commit, call: call, moment, lasts: true)
                let faulty = FaultyStore(over: store, fault: fault)
                let failure = await #expect(throws: GraphFailure.self, "\(fault)") { try await Self.run(in: faulty) }
                #expect("\(failure as Any)".contains("storeUnavailable"), "\(fault): \(failure as Any)")
                let held = try await store.counts().filter { $0.leased > 0 }
                #expect(held.isEmpty, "\(fault): \(held)")
                faulty.mend()
                try await Self.run(in: faulty)
                let (items, left) = try await Self.rows(of: store)
                #expect(items == expected && left == ["run"], "\(fault): \(items.count), \(left)")
            }
        }
    }

    /// How the calls of two processes have ended.
    private struct Ends: Sendable {
        var completed = 0
        var lost = 0
        var refused = 0
    }

    /// Runs the graph until it is done, whoever does it.
    private static func insist(_ store: any Store, _ ends: borrowing Mutex<Ends>) async throws {
        while true {
            do {
                try await Self.run(in: store)
                ends.withLock { $0.completed += 1 }
                return
            } catch let error as FlowError {
                try #require(error.code == .cannotRun, "\(error)")
                ends.withLock { $0.refused += 1 }
            } catch let failure as GraphFailure {
                let isLoss = "\(failure)".contains("leaseLost") || "\(failure)".contains("ended from outside")
                try #require(isLoss, "\(failure)")
                ends.withLock { $0.lost += 1 }
            }
            for _ in 0..<5 { await Task.yield() }
        }
    }

    /// Two processes over one server, which every now and then takes the run from whoever has it.
    ///
    /// - Parameter hears: Whether who has lost it is told, or finds out when it wants to commit.
    @Test(arguments: [true, false])
    func `of two that run it at the same time one goes on, and nothing is done twice`(hears: Bool) async throws {
        let expected = try await GraphWorkload.expected(Self.count)
        let ends = Ended()
        let first = UInt64.random(in: 0..<1 << 60)
        for seed in first..<first + 25 {
            let simulation = Simulation(seed: seed)
            let (items, left) = try simulation.run { [environment = simulation.environment] in
                let store = await MemoryStore(environment: environment)
                try await Self.fight(over: store, hears: hears, seed: seed, ends)
                return try await Self.rows(of: store)
            }
            #expect(items == expected, "seed \(seed): \(items.count) of \(expected.count)")
            #expect(left == ["run"], "seed \(seed)")
        }
        let all = ends.ends.withLock { $0 }
        print("figure: two processes, one run: \(all.lost) lost, \(all.refused) refused, \(all.completed) completed")
        #expect(all.lost > 20 && all.refused > 20 && all.completed == 50)
    }

    private final class Ended: Sendable {
        let ends = Mutex(Ends())
    }

    private static func fight(over store: MemoryStore, hears: Bool, seed: UInt64, _ ended: Ended) async throws {
        let deafness = hears ? nil : FaultyStore.Fault(.news, call: 1, .before, lasts: true)
        try await withThrowingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask { try await Self.insist(FaultyStore(over: store, fault: deafness), ended.ends) }
            }
            var chance = SeededGenerator(seed: seed)
            for _ in 0..<20 {
                for _ in 0..<chance.next() % 12 { await Task.yield() }
                // It has not begun, or has ended.
                try? await Control(store: store).restartUnlessEnded("run")
            }
            try await group.waitForAll()
        }
    }

    @Test func `a run that is cancelled from outside ends, and begins anew when it was deleted`() async throws {
        let store = await MemoryStore()
        let (stream, feeder) = AsyncStream<Int>.makeStream()
        let output = try Queue<Outcome>("out", in: store)
        let graph = try GraphWorkload.graph()
        let run = Task { try await graph.run(stream, in: store, as: "run", to: output) }
        feeder.yield(1)
        _ = try await output.reserve()
        let refusal = await #expect(throws: FlowError.self) { try await store.deleteGraphRun("run") }
        #expect("\(refusal as Any)".contains("run 'run' is going on"))
        try await Control(store: store).cancel(.key(queue: "run", "run"))
        let ended = await #expect(throws: GraphFailure.self) { try await run.value }
        #expect("\(ended as Any)".contains("it was ended from outside"))
        let again = await #expect(throws: FlowError.self) { try await Self.run(in: store) }
        #expect("\(again as Any)".contains("was ended as cancelled"))
        #expect(try await store.deleteGraphRun("run"))
        #expect(try await Self.rows(of: store).left.isEmpty)
        try await output.clear()
        try await Self.run(in: store)
    }

    @Test func `a run leaves a row, until that is deleted`() async throws {
        let store = await MemoryStore()
        for number in 0..<20 { try await Self.run(in: store, as: "run-\(number)") }
        #expect(try await Self.rows(of: store).left.sorted() == (0..<20).map { "run-\($0)" }.sorted())
        for number in 0..<20 { #expect(try await store.deleteGraphRun("run-\(number)")) }
        #expect(try await !store.deleteGraphRun("run-0"))
        #expect(try await Self.rows(of: store).left.isEmpty)
        // What is no run is left alone.
        try await Queue<Int>("run", in: store).push(1, key: "run")
        await #expect(throws: FlowError.self) { try await store.deleteGraphRun("run") }
    }

    @Test func `a run that was given up goes with all that it had`() async throws {
        let store = await MemoryStore()
        let fault = FaultyStore.Fault(.commit, call: 30, .before, lasts: true)
        await #expect(throws: GraphFailure.self) { try await Self.run(in: FaultyStore(over: store, fault: fault)) }
        #expect(try await Self.rows(of: store).left.count > 3)
        #expect(try await store.deleteGraphRun("run"))
        #expect(try await Self.rows(of: store).left.isEmpty)
    }
}

extension Control {
    /// Takes a run from whoever has it; whoever comes next takes it up.
    fileprivate func restartUnlessEnded(_ name: String) async throws {
        let run = ItemReference.key(queue: name, "run")
        guard try await self.describe(run).state == .ready else { return }
        try await self.restart(run)
    }
}

import Penstock
import PenstockTesting
import Synchronization
import Testing

/// Transactions that gather while another is made durable are committed as one group, each of them all or none.
@Suite("Transactions that are committed as one group")
struct GroupTests {
    /// What became of each transaction of a group: `nil` is success.
    private typealias Outcomes = [PenstockError.Code?]

    private static func element(_ text: String) -> Payload { Payload(bytes: Array(text.utf8)) }

    private static func push(
        _ key: String? = nil,
        to queue: String = "q",
        onDuplicate: DuplicatePolicy = .ignore,
        capacity: Int? = nil
    ) -> Operation {
        let payload = Self.element("1")
        return .push(
            NewItem(queue: queue, key: key, payload: payload, onDuplicate: onDuplicate, capacity: capacity)
        )
    }

    private static func append(_ text: String) -> Operation {
        .append(queue: "q", key: "list", element: Self.element(text))
    }

    /// Fails when the key `there` is in the queue `other`.
    private static let refused = Self.push("there", to: "other", onDuplicate: .refuse)

    /// Hands in `transactions` while another is being made durable, so that they are the next group, and calls
    /// `midway` when that is applied and nobody has been told.
    private static func commit(
        _ transactions: [[Operation]],
        to store: any Store,
        on disk: MemoryDisk,
        in simulation: Simulation,
        midway: @escaping @Sendable () -> Void = {}
    ) async throws -> Outcomes {
        let (tasks, commits) = (Log<Task<Receipt, any Error>>(), Tally())
        disk.duringCommits {
            guard commits.add("commits") == 1 else { return midway() }
            for operations in transactions {
                tasks.add(simulation.start { try await store.commit(Transaction(operations)) })
                // One after the other, so that they arrive in this order.
                simulation.settle()
            }
        }
        _ = try await store.commit(Transaction([Self.push(to: "leader")]))
        var outcomes: Outcomes = []
        for task in tasks.all {
            do {
                _ = try await task.value
                outcomes.append(nil)
            } catch let error as PenstockError {
                outcomes.append(error.code)
            }
        }
        disk.duringCommits(nil)
        #expect(commits["commits"] == 2, "the transactions were one group")
        return outcomes
    }

    private static func texts(_ queue: String, _ store: any Store) async throws -> [String] {
        try await store.items(ItemQuery(.waiting(queue: queue))).map { "\($0.key)=\($0.payload.text)" }
    }

    private static func lease(_ queue: String, _ store: any Store) async throws -> [String] {
        let request = ReserveRequest(queue: queue, limit: 10, waits: false)
        return try await store.reserve(request).map { "\($0.record.key)=\($0.record.payload.text)" }
    }

    /// Runs `body` over a store that has the key `there` in the queue `other`.
    private static func world(
        _ body: @escaping @Sendable (Simulation, MemoryDisk, any Store) async throws -> Void
    ) throws {
        let (simulation, disk) = (Simulation(), MemoryDisk())
        try simulation.run {
            let store = try await disk.open(simulation.environment)
            _ = try await store.commit(Transaction([Self.push("there", to: "other")]))
            try await body(simulation, disk, store)
        }
    }

    // MARK: What a failed transaction takes back

    @Test func `what an earlier transaction withholds is not given back by a later one that fails`() throws {
        try Self.world { simulation, disk, store in
            _ = try await store.commit(Transaction([Self.append("0"), Self.push("single")]))
            let leased = Mutex<Task<[String], any Error>?>(nil)
            let outcomes = try await Self.commit(
                [[Self.append("1")], [.pop(.key(queue: "q", "single")), Self.append("2"), Self.refused]],
                to: store,
                on: disk,
                in: simulation
            ) {
                // A worker that looks for something to do while the group is being made durable. The list is about
                // to change under it; the other item is not, since the transaction that would have popped it failed.
                let task = simulation.start { try await Self.lease("q", store) }
                leased.withLock { $0 = task }
                simulation.settle()
            }
            #expect(outcomes == [nil, .duplicateKey])
            #expect(try await leased.withLock { $0 }?.value == ["single=1"])
            #expect(try await Self.lease("q", store) == ["list=[0,1]"])
            #expect(try await Self.lease("q", store) == [])
        }
    }

    @Test func `what earlier transactions have done is not forgotten with a later one that fails`() throws {
        try Self.world { simulation, disk, store in
            _ = try await store.commit(Transaction([Self.push("a")]))
            let lease = try #require(try await store.reserve(ReserveRequest(queue: "q")).first).lease
            let outcomes = try await Self.commit(
                [
                    [.settle(lease, .release)], [Self.push("b")], [Self.push("c"), Self.refused],
                    [.settle(lease, .consume)], [Self.push("d", capacity: 3)], [Self.push("e", capacity: 3)],
                ],
                to: store,
                on: disk,
                in: simulation
            )
            #expect(outcomes == [nil, nil, .duplicateKey, .leaseLost, nil, .queueFull])
            #expect(try await Self.lease("q", store) == ["a=1", "b=1", "d=1"])
        }
    }

    @Test func `a run that an earlier transaction has woken is not parked after another has failed`() throws {
        try Self.world { simulation, disk, store in
            _ = try await store.commit(Transaction([Self.push("run", to: "flow")]))
            let holder = Holder(number: 1)
            let run = try #require(try await store.reserve(ReserveRequest(queue: "flow", holder: holder)).first)
            let id = ItemID(root: run.record.id.root, run: run.record.number, step: 1)
            let argument = Self.element("1")
            let step = NewStep(id: id, caller: run.record.id, queue: "review", payload: argument, digest: 0)
            _ = try await store.commit(Transaction([.call(step)]))
            let outcomes = try await Self.commit(
                [
                    [.resolve(.id(id), .resolve(argument))], [Self.push("c"), Self.refused],
                    // The holder has not heard of the answer yet.
                    [.settle(run.lease, .park(news: 0))],
                ],
                to: store,
                on: disk,
                in: simulation
            )
            #expect(outcomes == [nil, .duplicateKey, nil])
            #expect(try await store.item(.id(run.record.id))?.state == .ready, "a crash from here on wakes it")
            #expect(try await store.news(for: holder).map(\.steps) == [[1]])
        }
    }

    @Test func `what was out of reach goes to whoever came meanwhile, when the group is undone`() throws {
        try Self.world { simulation, disk, store in
            _ = try await store.commit(Transaction([Self.push("a")]))
            let reader = Mutex<Task<[LeasedItem], any Error>?>(nil)
            disk.failsCommits = true
            disk.duringCommits {
                let task = simulation.start { try await store.reserve(ReserveRequest(queue: "q")) }
                reader.withLock { $0 = task }
                simulation.settle()
            }
            await #expect(throws: PenstockError.self) {
                _ = try await store.commit(Transaction([.pop(.key(queue: "q", "a"))]))
            }
            disk.duringCommits(nil)
            disk.failsCommits = false
            #expect(try await reader.withLock { $0 }?.value.map(\.record.key) == ["a"])
        }
    }

    // MARK: What a group is applied twice for

    @Test(arguments: 0..<4)
    func `a transaction that fails half-way has no effect, and the others of its group have one`(place: Int) throws {
        try Self.world { simulation, disk, store in
            let options = NewItem(queue: "work", key: "a", payload: Self.element("1"), replyTo: "answers")
            _ = try await store.commit(Transaction([.push(options), Self.append("0"), Self.push("single")]))
            let lease = try #require(try await store.reserve(ReserveRequest(queue: "work")).first).lease
            let result = Self.element("7")
            var transactions: [[Operation]] = [
                [Self.push(to: "new"), Self.append("1")], [.settle(lease, .complete(result))],
                [Self.append("2")],
            ]
            let fails: [Operation] = [
                Self.push(to: "half"), Self.append("9"), .pop(.key(queue: "q", "single")), Self.refused,
            ]
            transactions.insert(fails, at: place)
            let outcomes = try await Self.commit(transactions, to: store, on: disk, in: simulation)
            #expect(outcomes == (0..<4).map { $0 == place ? .duplicateKey : nil })

            #expect(try await Self.texts("half", store) == [])
            #expect(try await Self.texts("new", store).count == 1)
            #expect(try await Self.texts("answers", store) == ["a=7"])
            #expect(try await Self.texts("q", store) == ["list=[0,1,2]", "single=1"])
            let counts = try await store.counts().filter { $0.total > 0 }
            #expect(counts.map(\.queue) == ["answers", "leader", "new", "other", "q"])
            #expect(counts.map(\.ready) == [1, 1, 1, 1, 2])
            #expect(counts.allSatisfy { $0.leased == 0 })
            #expect(try await Self.lease("q", store).sorted() == ["list=[0,1,2]", "single=1"])
            #expect(try await Self.lease("answers", store) == ["a=7"])
        }
    }
}

import Penstock
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockPostgres

/// Stores over one schema are to each other what processes are: they share nothing but the server.
@Suite("Several processes over one database", .serialized, .enabled(if: Server.url != nil), .timeLimit(.minutes(60)))
struct ProcessesTests {
    private static func payload(_ text: String) -> Payload { Payload(bytes: Array(text.utf8)) }

    /// Two stores over a schema that goes afterwards.
    private func withTwo(_ body: (PostgresStore, PostgresStore) async throws -> Void) async throws {
        let schemas = Schemas()
        let options = PostgresOptions(schema: schemas.name(of: "place"))
        let environment = RuntimeEnvironment(report: { _ in })
        let url = try Server.url("application_name=\(options.schema)")
        let first = try await PostgresStore(url: url, options: options, environment: environment)
        let second = try await PostgresStore(url: url, options: options, environment: environment)
        do {
            try await body(first, second)
        } catch {
            await first.close()
            await second.close()
            throw error
        }
        await first.close()
        await second.close()
        try schemas.drop()
    }

    private func push(_ key: String, to queue: String = "q", in store: PostgresStore) async throws -> ItemID {
        let item = NewItem(queue: queue, key: key, payload: Self.payload("1"))
        let receipt = try await store.commit(Transaction([.push(item)]))
        return try #require(receipt.ids[0])
    }

    private func lease(_ queue: String = "q", in store: PostgresStore) async throws -> LeasedItem {
        let request = ReserveRequest(queue: queue, holder: Holder(number: 1))
        return try #require(try await store.reserve(request).first)
    }

    @Test func `what one pushes, another gets that waits for it`() async throws {
        try await self.withTwo { first, second in
            for round in 0..<20 {
                async let leased = self.lease(in: second)
                let id = try await self.push("\(round)", in: first)
                #expect(try await leased.record.id == id)
                _ = try await second.commit(Transaction([.settle(leased.lease, .complete(Self.payload("2")))]))
                #expect(try await first.settled(id)?.result == Self.payload("2"))
            }
        }
    }

    @Test func `whoever waits for an end or for room hears of it from another process`() async throws {
        try await self.withTwo { first, second in
            let id = try await self.push("a", in: first)
            async let record = first.settled(id)
            async let room: Void = first.room(in: "q", below: 1)
            let leased = try await self.lease(in: second)
            _ = try await second.commit(Transaction([.settle(leased.lease, .complete(Self.payload("2")))]))
            #expect(try await record?.state == .completed)
            try await room
        }
    }

    @Test func `a step that ends elsewhere tells the holder of its run`() async throws {
        try await self.withTwo { first, second in
            for isParked in [false, true] {
                _ = try await self.push("run \(isParked)", to: "flow", in: first)
                let run = try await self.lease("flow", in: first)
                let step = NewStep(
                    id: ItemID(root: run.record.id.root, run: run.record.number, step: 1),
                    caller: run.record.id,
                    queue: "callee",
                    payload: Self.payload("1"),
                    digest: 1
                )
                let wait = isParked ? Settlement.park(news: run.news) : .rest
                _ = try await first.commit(Transaction([.call(step), .settle(run.lease, wait)]))
                let leased = try await self.lease("callee", in: second)
                async let news = first.news(for: Holder(number: 1))
                _ = try await second.commit(Transaction([.settle(leased.lease, .complete(Self.payload("2")))]))
                let piece = try #require(try await news.first)
                #expect(piece.id == run.record.id)
                #expect(piece.steps == [1])
                #expect(!piece.isOver)
                // The run has news, so it is not given back and not parked.
                #expect(await !first.relinquish(run.lease, news: 0))
                _ = try await first.commit(Transaction([.settle(run.lease, .complete(Self.payload("3")))]))
            }
        }
    }

    @Test func `whoever holds what another cancels hears that it is over`() async throws {
        try await self.withTwo { first, second in
            let id = try await self.push("a", in: first)
            let leased = try await self.lease(in: first)
            async let news = first.news(for: Holder(number: 1))
            _ = try await second.commit(Transaction([.control(.id(id), .cancel)]))
            let piece = try #require(try await news.first)
            #expect(piece.isOver && piece.lease == leased.lease)
            let error = await #expect(throws: PenstockError.self) {
                _ = try await first.commit(Transaction([.settle(leased.lease, .consume)]))
            }
            #expect(error?.code == .leaseLost)
        }
    }

    @Test func `what a process holds that dies is ready for the others, and it is fenced`() async throws {
        try await self.withTwo { first, second in
            let id = try await self.push("a", in: first)
            let leased = try await self.lease(in: first)
            async let again = self.lease(in: second)
            await first.die()
            #expect(try await again.record.id == id)
            #expect(try await again.lease.token > leased.lease.token)
            #expect(try await again.record.attempt == 2)
            let error = await #expect(throws: PenstockError.self) {
                _ = try await second.commit(Transaction([.settle(leased.lease, .consume)]))
            }
            #expect(error?.code == .leaseLost)
            let count = try #require(try await second.counts().first)
            #expect(count == QueueCount(queue: "q", ready: 0, leased: 1, parked: 0))
        }
    }

    @Test func `a process that was taken for dead goes on under another name, holding nothing`() async throws {
        try await self.withTwo { first, second in
            _ = try await self.push("a", in: first)
            let leased = try await self.lease(in: first)
            // What a process finds that was away for longer than its sessions lasted.
            let schema = first.options.schema
            try Server.connect().script(
                """
                UPDATE \(schema).processes SET died = 1 WHERE id = \(first.listening.withLock { $0.process });
                UPDATE \(schema).items SET holder = NULL;
                UPDATE \(schema).counters SET ready = 1, leased = 0;
                """
            )
            async let news = first.news(for: Holder(number: 1))
            let error = await #expect(throws: PenstockError.self) {
                _ = try await first.commit(Transaction([.settle(leased.lease, .consume)]))
            }
            #expect(error?.code == .leaseLost)
            #expect(try await news.first?.isOver == true)
            let again = try await self.lease(in: second)
            _ = try await second.commit(Transaction([.settle(again.lease, .consume)]))
            _ = try await self.push("b", in: first)
            #expect(try await self.lease(in: first).record.key == "b")
        }
    }

    @Test func `connections that are cut lose and repeat nothing`() async throws {
        try await self.withTwo { first, second in
            let cutter = try Server.connect()
            let cuts = 60
            let workers = (0..<4).map { worker in
                Task {
                    var tokens: [Int64] = []
                    while !Task.isCancelled {
                        let request = ReserveRequest(queue: "q", limit: 3)
                        for leased in try await (worker % 2 == 0 ? first : second).reserve(request) {
                            tokens.append(leased.lease.token)
                            let result = Self.payload("\(leased.lease.token)")
                            let done = Transaction([
                                .push(NewItem(queue: "done", payload: leased.record.payload)),
                                .settle(leased.lease, .complete(result)),
                            ])
                            do {
                                _ = try await (worker % 2 == 0 ? first : second).commit(done)
                            } catch let error as PenstockError where error.code == .leaseLost {
                                // Its process was taken for dead: somebody else does it.
                            }
                        }
                    }
                }
            }
            var ids: [ItemID] = []
            for cut in 0..<cuts {
                async let pushed = self.push("\(cut)", in: cut % 2 == 0 ? first : second)
                let victims = PostgresStatement(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = '\(first.options.schema)'
                    """,
                    isKept: false
                )
                _ = try cutter.run(victims)
                ids.append(try await pushed)
            }
            for id in ids { #expect(try await first.settled(id)?.state == .completed) }
            for worker in workers { worker.cancel() }
            for worker in workers { _ = await worker.result }
            #expect(Set(ids).count == cuts)
            let done = try #require(try await first.counts().first { $0.queue == "done" })
            #expect(done.ready == cuts)
        }
    }
}

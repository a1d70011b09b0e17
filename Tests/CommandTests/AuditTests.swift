import Penstock
import PenstockCommands
import PenstockSQLite
import Testing

@Suite("The audit of a demonstration counts what is in the database")
struct AuditTests {
    /// A demonstration whose work was done by hand.
    private struct Books: Demonstration {
        let abstract = "Books"
        let workflow = "work"
        let recorded: [String: Int]

        func pipelines(over store: (any Store)?) -> [any Pipeline] { [] }
        func inputs(in folder: String?, limit: Int) -> [String] { [] }
        func start(_ inputs: [String], in engine: Engine) -> [ItemID] { [] }
        func answer(in engine: Engine) -> Int { 0 }
        func conclude(in engine: Engine) -> [String] { [] }
        func recordings(in store: any Store) -> [String: Int] { self.recorded }
    }

    private static let one = Payload(bytes: Array("1".utf8))

    /// A run with so many steps that ended, the last of them at the second attempt.
    private static func run(_ key: String, steps: Int, completes: Bool, in store: SQLiteStore) async throws {
        _ = try await store.commit(Transaction([.push(NewItem(queue: "work", key: key, payload: Self.one))]))
        let run = try await store.reserve(ReserveRequest(queue: "work", choice: .key(key)))[0]
        var transaction = Transaction()
        for step in 1...steps {
            let id = ItemID(root: run.record.id.root, run: run.record.number, step: step)
            transaction.add(
                .call(
                    NewStep(
                        id: id,
                        caller: run.record.id,
                        queue: step == steps ? "last" : "~value",
                        payload: Self.one,
                        digest: 1,
                        result: step == steps ? nil : Self.one
                    )
                )
            )
        }
        transaction.add(.settle(run.lease, .park(news: 0)))
        _ = try await store.commit(transaction)
        let failure = Failure(.failed, pipeline: "last", message: "no")
        for settlement in [Settlement.retry(after: .zero, failure), .complete(Self.one, heardBy: run.lease)] {
            let step = try await store.reserve(ReserveRequest(queue: "last"))[0]
            _ = try await store.commit(Transaction([.settle(step.lease, settlement)]))
        }
        guard completes else { return }
        _ = try await store.commit(Transaction([.settle(run.lease, .complete(Self.one))]))
    }

    @Test func `runs that did not complete and recordings that are missing or doubled are told`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/audit.db"
        let before = LiveClock().now + .milliseconds(-10)
        let store = try await SQLiteStore(path: path)
        // More steps than fit into one page of a journal.
        try await Self.run("good", steps: 1100, completes: true, in: store)
        try await Self.run("doubled", steps: 2, completes: true, in: store)
        try await Self.run("unrecorded", steps: 2, completes: true, in: store)
        try await Self.run("unfinished", steps: 2, completes: false, in: store)
        await store.close()
        let books = Books(recorded: ["good": 1, "doubled": 2, "unfinished": 1])
        let audit = try await DemoAudit(
            of: books,
            inputs: ["good", "doubled", "unrecorded", "unfinished", "never started"],
            database: path,
            killed: before,
            died: before
        )
        #expect(audit.lost == 3)
        #expect(audit.files == 2, "counted in the store, not by what a worker said before it was killed")
        #expect(audit.twice == 1)
        #expect(audit.steps == 1106)
        #expect(audit.begunAgain == 4)
        #expect(!audit.isSound)
        let recovery = try #require(audit.recovery)
        #expect(recovery >= .milliseconds(10))
    }

    @Test func `what is complete and recorded once is sound`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/audit.db"
        let store = try await SQLiteStore(path: path)
        try await Self.run("good", steps: 2, completes: true, in: store)
        await store.close()
        let late = LiveClock().now + .seconds(1000)
        let audit = try await DemoAudit(
            of: Books(recorded: ["good": 1]),
            inputs: ["good"],
            database: path,
            killed: late,
            died: late
        )
        #expect(audit.isSound)
        #expect(audit.recovery == nil, "no step was recorded after the kill")
    }
}

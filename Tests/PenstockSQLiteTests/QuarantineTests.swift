import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Synchronization
import Testing

/// What is damaged goes where nobody is given it, byte for byte, and what is left is sound.
@Suite("Setting damage aside")
struct QuarantineTests {
    /// The columns of a row as they are, for a comparison.
    private static let columns =
        "root || '|' || number || '|' || state || '|' || hex(payload) || '|' || checked_content"

    /// Sets aside what is damaged, and expects the file to be sound after that and to be left alone by another look.
    private static func quarantine(_ path: String) throws -> SQLiteQuarantine {
        let done = try SQLiteStore.quarantine(path: path)
        #expect(done.inspection.problems == [])
        #expect(try SQLiteStore.verify(path: path).problems == [])
        let before = try bytes(of: path)
        #expect(try SQLiteStore.quarantine(path: path).moved == 0)
        #expect(try bytes(of: path) == before)
        return done
    }

    @Test func `an item whose argument is damaged is moved byte for byte, and its key can be pushed again`()
        async throws
    {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        for key in ["a", "b", "c"] { try await store.push("1", key: key) }
        await store.close()
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = CAST('7' AS BLOB) WHERE key = 'b'")
        let row = try sqlite(folder.database, "SELECT \(Self.columns) FROM penstock_rows WHERE key = 'b'")
        let done = try Self.quarantine(folder.database)
        #expect(done.moved == 1)
        #expect(done.inspection.items == 2 && done.inspection.quarantined == 1)
        #expect(done.actions == ["~2 was damaged, and is in quarantine: push or start it again"])
        #expect(try sqlite(folder.database, "SELECT \(Self.columns) FROM penstock_quarantine") == row)
        let reason = try sqlite(folder.database, "SELECT reason FROM penstock_quarantine WHERE quarantined > 0")
        #expect(reason == ["item ~2 is not what was stored, or its queue is not"])
        store = try await openStore(folder.database)
        #expect(try await store.lease(10).map(\.record.key) == ["a", "c"])
        try await store.push("2", key: "b")
        #expect(try await store.lease(10).map(\.record.payload.text) == ["2"])
        await store.close()
    }

    @Test func `an item whose state is damaged becomes a dead letter that can be tried again`() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        try await store.push("\"kept\"", key: "a")
        await store.close()
        try sqlite(folder.database, "UPDATE penstock_rows SET state = 3, result = x'00', settled = 5")
        #expect(try Self.quarantine(folder.database).moved == 1)
        store = try await openStore(folder.database)
        #expect(try await store.lease().isEmpty)
        let record = try #require(try await store.item(.key(queue: "jobs", "a")))
        #expect(record.state == .failed && record.failure?.kind == .damaged)
        _ = try await store.commit(Transaction([.control(.id(record.id), .retry)]))
        #expect(try await store.lease()[0].record.payload.text == "\"kept\"")
        await store.close()
        #expect(try sqlite(folder.database, "SELECT state FROM penstock_quarantine") == ["3"])
    }

    @Test(
        "What the indexes say of a damaged row is put right with it",
        arguments: ["key = 'x'", "state = 3", "queue = 2", "priority = 5", "due = 1", "state = 9", "queue = 99"]
    )
    func indexes(change: String) async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        for key in ["a", "b", "c"] { try await store.push("1", key: key) }
        try await store.push("1", key: "other", to: "others")
        await store.close()
        try changeRows(folder.database, "UPDATE penstock_rows SET \(change) WHERE key = 'b'")
        #expect(try SQLiteStore.verify(path: folder.database).problems.contains { $0.contains("index penstock_") })
        #expect(try Self.quarantine(folder.database).moved == 1)
        store = try await openStore(folder.database)
        #expect(try await store.counts().map(\.total) == [2, 1])
        #expect(try await store.lease(10).map(\.record.key) == ["a", "c"])
        await store.close()
    }

    // MARK: Runs

    private static let flow = Workflow("flow") { (x: Int, context) in
        let doubled = try await context.call(Self.double, x)
        let more = try await context.call(Self.double, doubled)
        return try await context.call(Self.review, more) ? more : 0
    }
    private static let double = Activity("double") { (x: Int) in
        Self.calls.add(x)
        return 2 * x
    }
    private static let review = ExternalTask<Int, Bool>("review")
    private static let calls = Calls()

    private static func engine(_ path: String, _ notices: Notices = Notices()) async throws -> Engine {
        let pipelines: [any Pipeline] = [Self.flow, Self.double, Self.review]
        return try await Engine(store: .sqlite(path: path), pipelines: pipelines, environment: notices.environment)
    }

    /// Starts a run whose first argument is `x`, and waits until it waits for somebody.
    private static func startRun(_ x: Int, _ path: String) async throws {
        let engine = try await Self.engine(path)
        try await engine.run {
            _ = try await engine.start(Self.flow, x, key: "run")
            _ = try await Self.task(engine)
        }
        await engine.close()
    }

    private static func task(_ engine: Engine) async throws -> String {
        while true {
            if let item = try await engine.desk(of: Self.review).waiting().first { return item.key }
            await Task.yield()
        }
    }

    @Test(
        "A run that has lost a step waits as diverged, never runs again what was recorded, and can be restarted",
        arguments: [
            (1, "result = CAST('9' AS BLOB)"), (2, "payload = CAST('9' AS BLOB)"), (3, "payload = x'00'"),
            (2, "number = 77"), (3, "state = 3"), (3, "step = 90000"),
        ]
    )
    func lostStep(step: Int, change: String) async throws {
        let folder = try Folder()
        let x = Self.calls.newArgument()
        try await Self.startRun(x, folder.database)
        #expect(Self.calls.count(x) == 1)
        try sqlite(folder.database, "UPDATE penstock_rows SET \(change) WHERE step = \(step)")
        #expect(try Self.quarantine(folder.database).moved == 1)

        let engine = try await Self.engine(folder.database)
        let run = try #require(try await engine.run(of: Self.flow, key: "run"))
        let id = ItemReference.id(run.id)
        #expect(try await engine.control.describe(id).state == .diverged)
        #expect(try await engine.control.describe(id).failure?.kind == .damaged)
        let journal = try await engine.control.journal(of: try await engine.control.describe(id))
        #expect(journal.map(\.id.step) == [1, 2, 3])
        #expect(journal[step - 1].queue == "~quarantined" && journal[step - 1].failure?.kind == .damaged)
        try await engine.run {
            try await engine.control.resume(id)
            while try await engine.control.describe(id).failure?.kind != .diverged { await Task.yield() }
            let report = try await engine.control.describe(id).failure?.divergence
            #expect(report?.step == step && report?.recorded?.callee == "~quarantined")
            #expect(Self.calls.count(x) == 1, "what was recorded does not run again")
            try await engine.control.restart(id)
            try await engine.desk(of: Self.review).resolve(try await Self.task(engine), with: true)
            #expect(try await run.value == 4 * x)
            #expect(Self.calls.count(x) == 2)
        }
        await engine.close()
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_quarantine") == ["1"])
    }

    @Test func `a run whose own state is damaged goes on where it was when it is resumed`() async throws {
        let folder = try Folder()
        let x = Self.calls.newArgument()
        try await Self.startRun(x, folder.database)
        try sqlite(folder.database, "UPDATE penstock_rows SET token = token + 1 WHERE step = 0")
        let done = try Self.quarantine(folder.database)
        #expect(done.actions == ["what ~1 has come to was damaged; it waits as diverged: resume, restart or delete it"])
        let engine = try await Self.engine(folder.database)
        let run = try #require(try await engine.run(of: Self.flow, key: "run"))
        try await engine.run {
            try await engine.control.resume(.id(run.id))
            try await engine.desk(of: Self.review).resolve(try await Self.task(engine), with: true)
            #expect(try await run.value == 4 * x)
        }
        #expect(Self.calls.count(x) == 1)
        await engine.close()
    }

    @Test func `a run whose argument is damaged goes with its whole tree, and the others stay`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        for _ in 0..<2 {
            // A run, a run that it called, and what that one has called.
            let run = try await store.startRun(queue: "flow", calling: "below")
            let below = try await store.lease(from: "below")[0]
            try await store.call(1, of: below, "step", and: .settle(below.lease, .park(news: 0)))
            _ = run
        }
        await store.close()
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows") == ["6"])
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = x'01' WHERE root = 1 AND step = 0")
        #expect(try Self.quarantine(folder.database).moved == 3)
        #expect(try sqlite(folder.database, "SELECT DISTINCT root FROM penstock_quarantine") == ["1"])
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows WHERE root <> 1") == ["3"])
    }

    @Test func `what a damaged run had called ends with it, and the run above waits`() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        _ = try await store.startRun(queue: "flow", calling: "below")
        let below = try await store.lease(from: "below")[0]
        try await store.call(1, of: below, "step", and: .settle(below.lease, .park(news: 0)))
        await store.close()
        try sqlite(folder.database, "UPDATE penstock_rows SET payload = x'01' WHERE caller_step = 0")
        #expect(try Self.quarantine(folder.database).moved == 1)
        store = try await openStore(folder.database)
        #expect(try await store.lease(from: "step").isEmpty)
        #expect(try await store.item(.id(ItemID(root: 1, run: 1, step: 0)))?.state == .diverged)
        _ = try await store.commit(Transaction([.control(.id(ItemID(root: 1, run: 1, step: 0)), .delete)]))
        await store.close()
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows") == ["0"])
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
    }

    @Test(.timeLimit(.minutes(60)))
    func `whatever byte of a row is hit it is set aside, or more than the row is and nothing is changed`() async throws
    {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        for _ in 0..<3 { _ = try await store.startRun(queue: "flow", calling: "step", "\"marked\"") }
        await store.close()
        let sound = try bytes(of: folder.database)
        // Before the second step's argument stand its other columns, and before those what says how long they are.
        let first = try #require(sound.range(of: Data("\"marked\"".utf8)))
        let marked = try #require(sound[first.upperBound...].range(of: Data("\"marked\"".utf8)))
        var outcomes: [Bool: Int] = [:]
        for place in (marked.lowerBound - 75)..<marked.upperBound {
            var damaged = sound
            damaged[place] ^= 1 << (place % 8)
            let path = folder.file("flip-\(place).db")
            try damaged.write(to: URL(filePath: path))
            guard let problems = try? SQLiteStore.verify(path: path).problems, problems != [] else { continue }
            let before = try bytes(of: path)
            if let done = try? SQLiteStore.quarantine(path: path) {
                #expect(done.moved > 0 && done.inspection.problems == [], "byte \(place)")
                #expect(try SQLiteStore.verify(path: path).problems == [], "byte \(place)")
                outcomes[true, default: 0] += 1
            } else {
                #expect(try SQLiteStore.verify(path: path).quarantined == 0, "byte \(place)")
                #expect(try bytes(of: path).count >= before.count, "byte \(place)")
                #expect(place < marked.lowerBound, "byte \(place): an argument can always be set aside")
                outcomes[false, default: 0] += 1
            }
        }
        print(
            "figure: bits of one row that were set aside: \(outcomes[true, default: 0]), refused "
                + "\(outcomes[false, default: 0])"
        )
        #expect(outcomes[true, default: 0] > 30)
    }

    // MARK: Refusals

    @Test func `damage that is not in rows is left as it is, with a word on what to do`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1", key: "a")
        await store.close()
        try sqlite(folder.database, "UPDATE penstock_queues SET name = 'jobz'")
        let before = try sqlite(folder.database, "SELECT * FROM penstock_rows")
        let error = #expect(throws: PenstockError.self) { try SQLiteStore.quarantine(path: folder.database) }
        #expect(error?.message.contains("restore a backup") == true)
        #expect(try sqlite(folder.database, "SELECT * FROM penstock_rows") == before)
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_quarantine") == ["0"])
    }

    @Test func `a store that somebody has open is left alone, and so is one that is sound`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let error = #expect(throws: PenstockError.self) { try SQLiteStore.quarantine(path: folder.database) }
        #expect(error?.code == .storeOwned)
        await store.close()
        let before = try bytes(of: folder.database)
        #expect(try SQLiteStore.quarantine(path: folder.database).moved == 0)
        #expect(try bytes(of: folder.database) == before)
        #expect(try folder.names == ["app.db", "app.db-owner"])
    }
}

/// How often a body was called with an argument.
private final class Calls: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    private let last = Atomic<Int>(1000)

    /// An argument that no other test calls with.
    func newArgument() -> Int { self.last.add(1, ordering: .relaxed).newValue * 1_000_000 }

    func add(_ argument: Int) { self.counts.withLock { $0[argument, default: 0] += 1 } }

    func count(_ argument: Int) -> Int { self.counts.withLock { $0[argument, default: 0] } }
}

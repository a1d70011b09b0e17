package import Penstock
import PenstockSQLite
package import PenstockSQLiteTesting
import PenstockTesting
import Synchronization

/// A small program over a store on a disk that fails.
///
/// It moves numbers from one queue to another, with a row of its own beside each, and has runs that call a step which
/// books a row. It may be run again and again, and goes on from wherever things stand.
package final class DiskProgram: Sendable {
    /// What it was told has happened.
    package struct Told: Sendable {
        package var isPrepared = false
        /// The last number that was moved.
        package var moved = 0
        /// The runs that have ended, and those whose step has.
        package var ended: Set<Int> = []
        package var booked: Set<Int> = []
    }

    private let moves: Int
    private let runs: Int
    private let state = Mutex(Told())
    /// Hears how often it was refused so far, and says whether to try again.
    private let refused: @Sendable (Int) -> Bool
    private let refusals = Atomic(0)

    /// Makes a program.
    package init(
        moves: Int = 6,
        runs: Int = 2,
        refused: @escaping @Sendable (Int) -> Bool = { _ in false }
    ) {
        self.moves = moves
        self.runs = runs
        self.refused = refused
    }

    /// What it was told so far.
    package var told: Told { self.state.withLock { $0 } }

    /// Runs to the end.
    package func run(over store: any Store) async throws {
        try await self.prepare(store)
        var isIdle = false
        while !isIdle {
            // Each has its turn, so that what they do is mixed in the log.
            isIdle = true
            if let item = try await self.lease("in", store) {
                try await self.move(item, store)
                isIdle = false
            }
            if let run = try await self.lease("flow", store) {
                try await self.advance(run, store)
                isIdle = false
            }
            if let step = try await self.lease("book", store) {
                try await self.book(step, store)
                isIdle = false
            }
        }
    }

    private func lease(_ queue: String, _ store: any Store) async throws -> LeasedItem? {
        try await self.insist { () async throws(PenstockError) in
            try await store.reserve(ReserveRequest(queue: queue, waits: false)).first
        }
    }

    private func commit(_ transaction: Transaction, _ store: any Store) async throws(PenstockError) {
        try await self.insist { () async throws(PenstockError) in _ = try await store.commit(transaction) }
    }

    /// Tries again what a store could not do, as whoever uses one may.
    private func insist<Result>(
        _ body: () async throws(PenstockError) -> Result
    ) async throws(PenstockError) -> Result {
        while true {
            do throws(PenstockError) {
                return try await body()
            } catch {
                let count = self.refusals.add(1, ordering: .relaxed).newValue
                guard error.code == .storeUnavailable, self.refused(count) else { throw error }
            }
        }
    }

    /// Starts everything, unless that has been done.
    private func prepare(_ store: any Store) async throws {
        var transaction = Transaction([
            .push(NewItem(queue: "marks", key: "prepared", payload: payload("1"), onDuplicate: .refuse)),
            .push(NewItem(queue: "in", key: "k0", payload: payload("0"))),
        ])
        for run in 1...self.runs {
            transaction.add(.push(NewItem(queue: "flow", key: "r\(run)", payload: payload("\(run)"))))
        }
        transaction.sql("CREATE TABLE ledger (x INTEGER NOT NULL)")
        transaction.sql("CREATE TABLE booked (x INTEGER NOT NULL)")
        do {
            try await self.commit(transaction, store)
        } catch {
            // Otherwise it was done, in an earlier life.
            guard error.code == .duplicateKey else { throw error }
        }
        self.state.withLock { $0.isPrepared = true }
    }

    /// Moves a number, and puts the next in its place.
    private func move(_ item: LeasedItem, _ store: any Store) async throws {
        let next = (Int(item.record.payload.text) ?? 0) + 1
        guard next <= self.moves else {
            let done = Settlement.complete(payload("done"))
            try await self.commit(Transaction([.settle(item.lease, done)]), store)
            return
        }
        if next % 4 == 2, item.record.attempt == 1 {
            let failure = Failure(.failed, pipeline: "in", message: "once more")
            try await self.commit(
                Transaction([.settle(item.lease, .retry(after: .zero, failure))]),
                store
            )
            return
        }
        // Every now and then one that does not fit on a page.
        let text = "\"\(String(repeating: "\(next) ", count: next % 3 == 0 ? 3000 : 5))\""
        var transaction = Transaction([
            .settle(item.lease, .consume),
            .push(NewItem(queue: "out", key: "k\(next)", payload: payload(text))),
            .push(NewItem(queue: "in", key: "k\(next)", payload: payload("\(next)"))),
        ])
        transaction.sql("INSERT INTO ledger VALUES (?)", SQLiteValue(next))
        try await self.commit(transaction, store)
        self.state.withLock { $0.moved = max($0.moved, next) }
    }

    /// Calls the step of a run, or ends the run when the step has ended.
    private func advance(_ run: LeasedItem, _ store: any Store) async throws {
        let scope = ItemQuery.Scope.journal(root: run.record.id.root, run: run.record.number)
        let number = Int(run.record.payload.text) ?? 0
        let steps = try await self.insist { () async throws(PenstockError) in
            try await store.items(ItemQuery(scope))
        }
        guard let step = steps.first else {
            let argument = payload("\(number * 10)")
            let call = NewStep(
                id: ItemID(root: run.record.id.root, run: run.record.number, step: 1),
                caller: run.record.id,
                queue: "book",
                payload: argument,
                digest: NewStep.digest(of: "book", argument, after: run.record.digest)
            )
            let park = Settlement.park(news: run.news)
            try await self.commit(Transaction([.call(call), .settle(run.lease, park)]), store)
            // Whoever is free takes it up again when the step has ended.
            _ = await store.relinquish(run.lease, news: run.news)
            return
        }
        let result = Settlement.complete(step.result ?? payload("nothing"))
        try await self.commit(Transaction([.settle(run.lease, result)]), store)
        self.state.withLock { _ = $0.ended.insert(number) }
    }

    /// Ends a step, with a row of the program's own.
    private func book(_ step: LeasedItem, _ store: any Store) async throws {
        let number = (Int(step.record.payload.text) ?? 0) / 10
        let result = payload("\(number * 100)")
        var transaction = Transaction([.settle(step.lease, .complete(result))])
        transaction.sql("INSERT INTO booked VALUES (?)", SQLiteValue(number))
        try await self.commit(transaction, store)
        self.state.withLock { _ = $0.booked.insert(number) }
    }

    /// Opens the store on a disk, runs the program over it to its end, and closes it.
    /// - Returns: the error that ended it before; one that is not the disk's is thrown.
    @discardableResult
    package func run(on disk: CrashDisk, seed: UInt64) throws -> PenstockError? {
        let simulation = Simulation(seed: seed)
        do {
            try simulation.run { [environment = simulation.environment] in
                let store = try await disk.open(environment)
                do {
                    try await self.run(over: store)
                } catch {
                    await store.close()
                    throw error
                }
                await store.close()
            }
        } catch let error as PenstockError where error.code == .storeUnavailable {
            return error
        }
        return nil
    }

    // MARK: What has to hold

    private static let questions = """
        SELECT 'ledger:' || x FROM ledger ORDER BY rowid;
        SELECT 'booked:' || x FROM booked ORDER BY x;
        SELECT 'out:' || count(*) FROM penstock_items WHERE queue = 'out';
        SELECT 'in:' || key || ' ' || state FROM penstock_items WHERE queue = 'in';
        SELECT 'step:' || (payload / 10) FROM penstock_items WHERE queue = 'book' AND state = 'completed'
            ORDER BY payload + 0;
        SELECT 'flow:' || payload FROM penstock_items WHERE queue = 'flow' AND result + 0 = payload * 100
            ORDER BY payload + 0
        """

    /// What is wrong with what a disk holds, beside what the program was told and whether it has come to its end.
    package func problems(on disk: CrashDisk, told: Told, isOver: Bool = false) throws -> [String] {
        let report: SQLiteInspection
        do {
            report = try disk.verify()
        } catch {
            // There may be no store before anything was acknowledged, though never half a one.
            guard error.code == .storeUnusable, !told.isPrepared else { throw error }
            return error.message.contains("is empty") ? [] : ["\(error)"]
        }
        guard report.isSound else { return report.problems }
        if !told.isPrepared, !isOver {
            let tables = "SELECT name FROM sqlite_schema WHERE name = 'ledger'"
            guard try sqlite(disk.path, in: CrashDisk.fileSystem, tables) == ["ledger"] else { return [] }
        }
        // Opening a database costs more than all the questions, so they are asked together.
        let answers = try sqlite(disk.path, in: CrashDisk.fileSystem, Self.questions).map { $0.split(separator: ":") }
        func rows(_ name: String) -> [String] { answers.filter { $0[0] == name }.map { String($0[1]) } }
        let (ledger, booked) = (rows("ledger").compactMap { Int($0) }, rows("booked").compactMap { Int($0) })
        let (out, next) = (rows("out").compactMap { Int($0) }, rows("in"))
        let (steps, ended) = (rows("step"), rows("flow"))
        let there = ledger.count
        let states = isOver ? ["completed"] : there == self.moves ? ["ready", "completed"] : ["ready"]
        var problems: [String] = []
        func expect(_ holds: Bool, _ problem: @autoclosure () -> String) { if !holds { problems.append(problem()) } }
        expect(there >= told.moved, "move \(told.moved) was acknowledged, and \(there) are there")
        expect(ledger == (0..<there).map { $0 + 1 }, "the ledger has holes: \(ledger)")
        expect(out == [there], "\(there) rows of the program's, and \(out) items beside them")
        expect(states.map { ["k\(there) \($0)"] }.contains(next), "\(there) moves, and what is next is \(next)")
        expect(booked.map { "\($0)" } == steps, "the steps \(steps) have ended, and \(booked) is booked")
        expect(told.booked.isSubset(of: booked), "\(told.booked) are booked, as was acknowledged: \(booked)")
        expect(told.ended.isSubset(of: ended.compactMap { Int($0) }), "\(told.ended) have ended, as was told: \(ended)")
        if isOver {
            expect(there == self.moves, "everything is moved: \(there) of \(self.moves)")
            expect(ended == (1...self.runs).map { "\($0)" }, "the runs that have come to their results: \(ended)")
        }
        return problems
    }
}

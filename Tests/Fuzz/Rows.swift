import Penstock
import PenstockTesting
import Synchronization

@testable import PenstockSQLite

/// A database in memory, of the first version but with columns that take values of every type; each input's rows take
/// the place of the last one's.
///
/// There is one thread, and one input at a time.
nonisolated(unsafe) private let empty = Result { () throws(PenstockError) in
    let connection = try SQLiteConnection(path: ":memory:")
    for statement in Schema.migrations[0].statements {
        try connection.execute(statement.replacing(" STRICT, WITHOUT", with: " WITHOUT").replacing(" STRICT", with: ""))
    }
    for statement in Schema.migrations[1].statements { try connection.execute(statement) }
    return connection
}

/// Rows that say anything are given their digests, as in a migration, and a store is opened over them and used.
func feedRows(_ input: FuzzInput) {
    do throws(PenstockError) {
        let connection = try unsafe empty.get()
        for table in ["penstock_rows", "penstock_queues"] { try connection.execute("DELETE FROM \(table)") }
        try insertRows(input, connection)
        do throws(PenstockError) {
            try DigestMigration(connection).run()
        } catch {
            // A row that cannot be one: the migration is refused.
            precondition(error.code == .damaged || error.code == .storeUnusable, "\(error)")
            return
        }
        var inspection = DigestInspection(of: connection, path: "fuzz")
        _ = try inspection.problems()
        use(connection, input)
    } catch {
        preconditionFailure("\(error)")
    }
}

private func insertRows(_ input: FuzzInput, _ connection: SQLiteConnection) throws(PenstockError) {
    try connection.execute("INSERT INTO penstock_queues (id, name) VALUES (1, 'a'), (2, 'b')")
    let insert = try connection.prepare(
        """
        INSERT OR IGNORE INTO penstock_rows (root, run, step, number, queue, key, state, priority, due, created, \
        settled, attempt, token, digest, caller_run, caller_step, reply_to, payload, result) VALUES (\
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    for number in 1...Int64(1 + input.choice(4)) {
        let isStep = number > 1 && input.choice(2) == 1
        let plain: [Int64?] = [
            isStep ? 1 : number, isStep ? 1 : number, isStep ? number : 0, number, 1, nil, Int64(input.choice(6)), 0, 1,
            1,
            nil, 0, 0, 0, isStep ? 1 : nil, isStep ? 0 : nil, nil,
        ]
        for (place, value) in plain.enumerated() { if let value { insert.bind(Int32(place + 1), value) } }
        insert.bind(18, Array("1".utf8))
        for _ in 0..<input.choice(4) { bind(insert, Int32(1 + input.choice(19)), input) }
        do throws(PenstockError) {
            while try insert.step() {}
        } catch {
            // What the columns do not take is not there.
            precondition(error.code == .storeUnusable, "\(error)")
        }
        insert.reset()
    }
}

private func bind(_ statement: SQLiteStatement, _ place: Int32, _ input: FuzzInput) {
    switch input.choice(4) {
    case 0, 1: statement.bind(place, input.integer())
    case 2: statement.bind(place, input.text())
    default: statement.bind(place, input.blob())
    }
}

/// Runs jobs over the table in the thread that brings them.
private final class Runner: TableRunner {
    private let table: Mutex<SQLiteTable>

    init(_ table: sending SQLiteTable) { self.table = Mutex(table) }

    func post(_ job: @escaping @Sendable (SQLiteTable) -> Void) -> Bool {
        self.table.withLock { job($0) }
        return true
    }

    func stop() async {}
}

/// Uses a store in every way; it may refuse anything, but not crash, and not hang.
private func use(_ connection: SQLiteConnection, _ input: FuzzInput) {
    let simulation = Simulation()
    // Nobody else has it, and everything runs in this thread.
    nonisolated(unsafe) let table = SQLiteTable(inspecting: connection, path: "fuzz")
    let runner = unsafe Runner(table)
    let verbs = (0..<4).map { _ in ControlVerb.allCases[input.choice(ControlVerb.allCases.count)] }
    let ways = (0..<4).map { _ in input.choice(4) }
    do {
        try simulation.run(for: .seconds(100)) {
            let store = try await EmbeddedStore(environment: simulation.environment, writer: runner, reader: runner)
            let failure = Failure(.failed, pipeline: "a", message: "no")
            for queue in ["a", "b"] {
                let leased = try await store.reserve(ReserveRequest(queue: queue, limit: 3, waits: false))
                for (item, way) in zip(leased, ways) {
                    let settlement: Settlement =
                        switch way {
                        case 0: .complete(Payload(bytes: [49]))
                        case 1: .retry(after: .zero, failure)
                        case 2: .park(news: 0)
                        default: .release
                        }
                    await attempt { _ = try await store.commit(Transaction([.settle(item.lease, settlement)])) }
                }
                for scope in [ItemQuery.Scope.waiting(queue: queue), .roots(queue: queue)] {
                    await attempt { _ = try await store.items(ItemQuery(scope)) }
                }
            }
            for (number, verb) in verbs.enumerated() {
                let id = ItemID(root: Int64(1 + number % 2))
                await attempt { _ = try await store.commit(Transaction([.control(.id(id), verb)])) }
                await attempt { _ = try await store.items(ItemQuery(.journal(root: id.root, run: id.run))) }
            }
            await attempt { _ = try await store.commit(Transaction([.clear(queue: "a")])) }
            await store.close()
        }
    } catch let error as PenstockError {
        precondition(error.code == .damaged || error.code == .storeUnusable, "\(error)")
    } catch {
        preconditionFailure("\(error)")
    }
}

/// Does what may be refused.
private func attempt(_ body: () async throws -> Void) async {
    do {
        try await body()
    } catch let error as PenstockError {
        precondition(error.code != .storeUnavailable, "\(error)")
    } catch {
        preconditionFailure("\(error)")
    }
}

import Penstock
import PenstockSQLite

/// Works through a script of so many transactions, one after the other, going on where the last process was.
///
/// Transaction k takes a number out of one queue, puts it into another, pushes the next, and adds a row of the user's.
/// `ack k` says that it was acknowledged.
struct ScriptWorker: Worker {
    static let name = "script"

    private let path: String
    private let transactions: Int

    init(_ arguments: [String]) throws {
        guard arguments.count == 2, let transactions = Int(arguments[1]) else {
            throw Unexpected("script PATH TRANSACTIONS")
        }
        self.path = arguments[0]
        self.transactions = transactions
    }

    func run() async throws {
        try await Script.run(path: self.path, transactions: self.transactions, tell: { say($0) })
    }
}

/// The script, for a worker and for the harness, which ends what a worker did not.
enum Script {
    static func run(path: String, transactions: Int, tell: @escaping @Sendable (String) -> Void) async throws {
        let store = try await SQLiteStore(path: path, environment: RuntimeEnvironment(report: { tell("notice \($0)") }))
        do {
            try await self.run(over: store, transactions: transactions, tell: tell)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        tell("all")
    }

    private static func run(
        over store: SQLiteStore,
        transactions: Int,
        tell: @Sendable (String) -> Void
    ) async throws {
        try await patiently {
            var table = Transaction()
            table.sql("CREATE TABLE IF NOT EXISTS ledger(x INTEGER NOT NULL)")
            _ = try await store.commit(table)
        }
        let last = try await patiently { try await Rows.count("SELECT count(*) FROM ledger", in: store) }
        if last == 0 {
            _ = try await patiently { try await store.commit(Transaction([self.push(0, to: "in")])) }
        }
        for number in last..<max(last, transactions) {
            let leased = try await patiently { try await store.reserve(ReserveRequest(queue: "in")) }
            guard let item = leased.first else { throw Unexpected("the item that was waited for is not there") }
            let next = number + 1
            var transaction = Transaction([
                .settle(item.lease, .consume), try self.push(next, to: "out", bytes: next % 7 == 0 ? 12_000 : 10),
                try self.push(next, to: "in"),
            ])
            transaction.sql("INSERT INTO ledger VALUES (?)", .integer(Int64(next)))
            let move = transaction
            _ = try await patiently { try await store.commit(move) }
            tell("ack \(next)")
        }
        let problems = try await patiently { try await Recount.problems(in: store) }
        guard problems.isEmpty else { throw Unexpected("\(problems)") }
    }

    private static func push(_ number: Int, to queue: String, bytes: Int = 4) throws -> Operation {
        let text = String(repeating: "\(number) ", count: max(bytes / 4, 1))
        return .push(NewItem(queue: queue, key: "k\(number)", payload: try Payload(encoding: text)))
    }

    /// What is wrong with a store in which `acknowledged` transactions were acknowledged: there are no fewer, and
    /// each of them is there whole.
    static func problems(path: String, acknowledged: Int) async throws -> [String] {
        try await StoreCheck.problems(path: path) { store in
            let ledger = try await Rows.integers("SELECT x FROM ledger ORDER BY rowid", in: store).compactMap(\.first)
            let there = ledger.count
            let out = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue = 'out'", in: store)
            let next = try await Rows.all("SELECT key FROM penstock_items WHERE queue = 'in'", in: store)
            var problems: [String] = []
            if there < acknowledged { problems.append("\(acknowledged) were acknowledged, and \(there) are there") }
            if ledger != Array(1..<(there + 1)) { problems.append("the ledger is \(ledger)") }
            if out != there { problems.append("\(there) rows of the user's, and \(out) items beside them") }
            if next.map(\.values) != [[.text("k\(there)")]] { problems.append("after \(there) moves \(next) is next") }
            return problems
        }
    }
}

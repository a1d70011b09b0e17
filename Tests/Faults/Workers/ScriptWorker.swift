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
        try await Script.run(path: self.path, transactions: self.transactions) { say($0) }
    }
}

/// The script, for a worker and for the harness, which ends what a worker did not.
enum Script {
    /// - Parameters:
    ///   - path: The store.
    ///   - transactions: How many there are to be.
    ///   - acknowledged: How many were acknowledged before, all of which have to be there.
    ///   - tell: Hears how far it is.
    static func run(
        path: String,
        transactions: Int,
        after acknowledged: Int = 0,
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        let store = try await SQLiteStore(path: path, environment: RuntimeEnvironment(report: { tell("notice \($0)") }))
        do {
            try await self.run(over: store, transactions: transactions, after: acknowledged, tell: tell)
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
        after acknowledged: Int,
        tell: @Sendable (String) -> Void
    ) async throws {
        try await patiently {
            var table = Transaction()
            table.sql("CREATE TABLE IF NOT EXISTS ledger(x INTEGER NOT NULL)")
            _ = try await store.commit(table)
        }
        let last = try await patiently { try await Rows.count("SELECT count(*) FROM ledger", in: store) }
        guard last >= acknowledged else { throw Lost(acknowledged: acknowledged, there: last) }
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

    /// What was acknowledged is not there.
    struct Lost: Error, CustomStringConvertible {
        let acknowledged: Int
        let there: Int

        var description: String { "\(self.acknowledged) were acknowledged, and \(self.there) are there" }
    }

    private static func push(_ number: Int, to queue: String, bytes: Int = 4) throws -> Operation {
        let text = String(repeating: "\(number) ", count: max(bytes / 4, 1))
        return .push(NewItem(queue: queue, key: "k\(number)", payload: try Payload(encoding: text)))
    }

    /// What is wrong with a store in which the script has come to its end: each transaction is there, whole.
    private static func problems(path: String, transactions: Int) async throws -> [String] {
        try await StoreCheck.problems(path: path) { store in
            let ledger = try await Rows.integers("SELECT x FROM ledger ORDER BY rowid", in: store).compactMap(\.first)
            let there = ledger.count
            let out = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue = 'out'", in: store)
            let next = try await Rows.all("SELECT key FROM penstock_items WHERE queue = 'in'", in: store)
            var problems: [String] = []
            if there != transactions { problems.append("\(there) of \(transactions) are there") }
            if ledger != Array(1..<(there + 1)) { problems.append("the ledger is \(ledger)") }
            if out != there { problems.append("\(there) rows of the user's, and \(out) items beside them") }
            if next.map(\.values) != [[.text("k\(there)")]] { problems.append("after \(there) moves \(next) is next") }
            return problems
        }
    }

    // MARK: For the harness

    /// What became of a process to which something was done while it was in the script.
    struct Life {
        var acknowledged = 0
        /// The last thing that it said.
        var last = ""
        /// How it ended; `nil` when it went on until it was killed.
        var exit: ChildProcess.Exit?
        /// The log of its system calls.
        var calls = ""
        /// What is wrong with the store.
        var problems: [String] = []
    }

    /// Has a fault done to a process in the script, by `strace`; what the process did not do is done afterwards, and
    /// the store is looked through.
    /// - Parameters:
    ///   - fault: The fault, as `strace` names it.
    ///   - seen: Other calls that are to be in the log.
    ///   - transactions: How many transactions the script has.
    ///   - limit: When the process is killed if it goes on.
    ///   - trial: Where.
    static func suffer(
        _ fault: String,
        alsoTracing seen: [String] = [],
        transactions: Int = CallPoint.transactions,
        for limit: Duration,
        _ trial: Trial
    ) async throws -> Life {
        let path = try "\(trial.newFolder("store"))/app.db"
        let log = "\(trial.folder)/strace"
        var life = Life()
        let child = try ChildProcess(
            [ScriptWorker.name, path, "\(transactions)"],
            under: Strace.command(fault, alsoTracing: seen, log: log),
            log: "\(trial.folder)/log",
            heard: { line in
                if line.hasPrefix("ack") { life.acknowledged += 1 }
                life.last = line
            }
        )
        let start = ContinuousClock.now
        child.listen(for: limit)
        if start.duration(to: .now) < limit { life.exit = try child.exit() } else { child.kill() }
        life.calls = log
        do {
            try await self.run(path: path, transactions: transactions, after: life.acknowledged)
            life.problems = try await self.problems(path: path, transactions: transactions)
        } catch let lost as Lost {
            life.problems = [lost.description]
        }
        life.problems = life.problems.map { "\(fault): \($0)" }
        return life
    }
}

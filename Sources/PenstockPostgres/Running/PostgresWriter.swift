import Penstock
import Synchronization

/// The thread that changes the rows: group after group of transactions, each with one commit.
///
/// A group is applied in this process, by what it holds and what it has fetched, and goes to the server as one batch:
/// the changes, the leases that somebody waits for, and the commit. So a group costs one round trip and one sync unless
/// something has to be looked at first.
final class PostgresWriter {
    /// What the server says about an attempt that has failed.
    enum Verdict {
        /// Rows are not what the process took them for: apply the group again, and look at every row.
        case changed
        /// Another transaction was in the way.
        case obstructed
        /// The process is not in the list any more.
        case expelled
        /// The connection is gone.
        case gone
        /// It is no use to try again.
        case final
    }

    unowned let store: PostgresStore
    let dialler: Dialler
    var table: PostgresTable
    private var applier: TransactionApplier
    private(set) var submissions: [CommitQueue.Submission] = []
    private var chores: [Chore] = []
    /// The server's process for the connection.
    var session: Int32
    /// What will have come of the group once its commit has succeeded.
    private var pending: Round?
    /// Whether others took the process for dead, so that it has to begin anew.
    private var isExpelled = false
    /// Whether something may have been leased by a commit whose answer was lost.
    private var hasStrays = false

    init(_ store: PostgresStore, _ dialler: Dialler, _ table: PostgresTable) {
        self.store = store
        self.dialler = dialler
        self.table = table
        self.session = table.connection.backendPID
        self.applier = TransactionApplier(table: table, leases: table)
    }

    /// Commits group after group until nothing waits.
    func drain() {
        while true {
            self.store.inbox.take(into: &self.submissions)
            self.chores = self.store.chores.withLock { chores in
                defer { chores = [] }
                return chores
            }
            self.store.desk.beginRound()
            let isBehind = self.hasStrays || self.isExpelled
            guard isBehind || !self.submissions.isEmpty || !self.chores.isEmpty || !self.store.desk.askings().isEmpty
            else { return }
            self.commit()
        }
    }

    /// Commits the group, however often that has to be tried.
    private func commit() {
        let hasWork = self.submissions.contains { $0.transaction.operations.contains(where: \.isWork) }
        var (isCareful, isTrusting, tries) = (hasWork, !hasWork, 0)
        let (clock, began) = (LiveClock(), LiveClock().uptime)
        while true {
            do throws(PenstockError) {
                guard let round = try self.attempt(isCareful: isCareful, isTrusting: isTrusting) else {
                    isCareful = true
                    // What was refused may have been refused for what the process only took to be so.
                    isTrusting = false
                    continue
                }
                return self.publish(round)
            } catch {
                let cause = error.cause as? PostgresError
                tries += 1
                switch Self.verdict(on: cause) {
                case .changed where tries < 50: (isCareful, isTrusting) = (true, false)
                case .obstructed where tries < 50: self.dialler.pause(tries / 4)
                case .expelled where tries < 50, .gone where clock.uptime - began < self.dialler.options.patience:
                    (isCareful, isTrusting) = (true, false)
                    do throws(PenstockError) {
                        if try self.recover(from: cause) { return }
                    } catch {
                        return self.fail(error)
                    }
                case .changed, .obstructed, .expelled, .gone, .final:
                    return self.fail(cause?.asPenstockError() ?? error)
                }
            }
        }
    }

    /// Puts right what keeps the group from being committed, or has the next attempt do so.
    /// - Returns: whether it turns out to have been committed, and nothing is left to do.
    private func recover(from error: PostgresError?) throws(PenstockError) -> Bool {
        if self.table.connection.isUsable, error?.state == Statements.expelled {
            self.isExpelled = true
            return false
        }
        let fate: Fate
        do throws(PostgresError) {
            fate = try self.recover()
        } catch {
            throw error.asPenstockError()
        }
        if fate.isExpelled { self.isExpelled = true }
        guard fate.isCommitted else { return false }
        self.hasStrays = !fate.isExpelled
        guard let round = self.pending else { return false }
        self.publish(round)
        return true
    }

    private static func verdict(on error: PostgresError?) -> Verdict {
        guard let error else { return .final }
        if error.isConnectionGone { return .gone }
        if error.isSerializationFailure { return .obstructed }
        return switch error.state {
        case Statements.changed, "23505": .changed
        case Statements.expelled: .expelled
        default: .final
        }
    }

    /// What came of a group.
    struct Round {
        var outcomes: [Result<Receipt, PenstockError>] = []
        var done: [@Sendable () -> Void] = []
        var changes: [IndexChange] = []
        /// What was leased, by what was asked for.
        var leased: [(asking: ReserveDesk.Asking, rows: [PostgresRow], tokens: [Int64])] = []
        /// When what is not due yet falls due.
        var dues: [Int64] = []
    }

    /// Applies and commits the group once.
    /// - Returns: `nil` when a transaction failed that has to be kept apart, or looked at more closely.
    private func attempt(isCareful: Bool, isTrusting: Bool) throws(PenstockError) -> Round? {
        var round = Round()
        self.pending = nil
        do throws(PenstockError) {
            try self.catchUp()
            self.table.start(isTrusting: isTrusting)
            self.store.desk.beginRound()
            self.applier.begin(at: self.store.clock.now, isCareful: isCareful)
            try self.table.prepare(for: self.submissions.map(\.transaction))
            for submission in self.submissions {
                let outcome = try self.apply(submission.transaction)
                if self.applier.needsCare { return try self.undo() }
                if case .failure = outcome, isTrusting { return try self.undo() }
                round.outcomes.append(outcome)
            }
            for chore in self.chores { round.done.append(try chore.body(self.table)) }
            let clock = self.store.clock
            try self.table.flush { self.store.desk.adopt($0, now: clock.now) }
            try self.finish(&round)
            round.changes = self.applier.changes
            return round
        } catch {
            self.applier.abandon()
            if self.table.connection.isUsable { _ = try self.undo() }
            throw error
        }
    }

    /// Does what a broken connection has left to be done.
    private func catchUp() throws(PenstockError) {
        do throws(PostgresError) {
            if self.isExpelled { try self.reenter() }
            self.isExpelled = false
            if self.hasStrays { try self.takeStrays() }
            self.hasStrays = false
        } catch {
            throw error.wrapped()
        }
    }

    private func undo() throws(PenstockError) -> Round? {
        do throws(PostgresError) {
            try self.table.undo()
            return nil
        } catch {
            throw error.wrapped()
        }
    }

    /// Applies one transaction; what is wrong with the server, and not with the transaction, is thrown.
    private func apply(_ transaction: Transaction) throws(PenstockError) -> Result<Receipt, PenstockError> {
        do throws(PenstockError) {
            return .success(try self.applier.apply(transaction))
        } catch {
            if error.cause is PostgresError { throw error }
            return .failure(error)
        }
    }

    /// Asks for what somebody waits for, and commits.
    private func finish(_ round: inout Round) throws(PenstockError) {
        let askings = self.store.desk.askings()
        do throws(PostgresError) {
            for asking in askings { try self.claim(asking) }
            let waiting = Array(Set(askings.map(\.queue))).sorted()
            if !waiting.isEmpty {
                var values = PostgresValues()
                values.append(waiting)
                values.append(self.store.clock.now.milliseconds)
                try self.table.connection.send(self.table.statements.nextDue, values)
            }
            guard self.table.hasBegun else { return }
            try self.table.connection.send(self.table.statements.commit, PostgresValues())
            round.changes = self.applier.changes
            self.pending = round
            let results = try self.table.finish()
            self.table.finishGroup()
            self.store.commits.add(1)
            let answers = results.suffix(askings.count + (waiting.isEmpty ? 0 : 1) + 1)
            for (asking, rows) in zip(askings, answers) { round.leased.append(try Self.leased(asking, rows)) }
            guard !waiting.isEmpty, let dues = answers.dropLast().last else { return }
            for row in 0..<dues.count { round.dues.append(try dues.int64(row, 1)) }
        } catch {
            throw error.wrapped()
        }
    }

    private func claim(_ asking: ReserveDesk.Asking) throws(PostgresError) {
        try self.table.begin()
        var values = PostgresValues()
        values.append(asking.queue)
        values.append(self.table.process)
        values.append(asking.duration?.wholeMilliseconds)
        values.append(self.store.clock.leaseTime)
        values.append(self.store.clock.now.milliseconds)
        values.append(Int64(asking.limit))
        try self.table.connection.send(self.table.statements.claim, values)
    }

    private static func leased(
        _ asking: ReserveDesk.Asking,
        _ rows: PostgresRows
    ) throws(PostgresError) -> (asking: ReserveDesk.Asking, rows: [PostgresRow], tokens: [Int64]) {
        var (leased, tokens): ([PostgresRow], [Int64]) = ([], [])
        for row in 0..<rows.count {
            leased.append(try PostgresRow(rows, row))
            tokens.append(try rows.int64(row, 23))
        }
        return (asking, leased, tokens)
    }

    /// Tells everybody that the group could not be committed.
    private func fail(_ error: PenstockError) {
        for submission in self.submissions { submission.completion(.failure(error)) }
        for chore in self.chores { chore.failed(error) }
        for wish in self.store.desk.fail() { wish.continuation.resume(returning: .failure(error)) }
    }
}

import Synchronization

/// Writing: from a transaction handed in to everybody who waits for what it did.
extension EmbeddedStore {
    /// Applies a transaction, all or none, and returns once it is durable.
    public func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        let outcome: Result<Receipt, PenstockError> = await withCheckedContinuation { continuation in
            self.submit(transaction) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Hands in a transaction; `completion` hears of its outcome on the writer's thread.
    public func submit(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
    ) {
        if let error = transaction.objection(in: self) { return completion(.failure(error)) }
        guard let mustDrain = self.inbox.add(.init(transaction: transaction, completion: completion)) else {
            return completion(.failure(self.loss ?? Self.nothingChanged))
        }
        guard mustDrain, !self.writer.post({ [self] table in self.drain(table) }) else { return }
        // Closed between the two: what has gathered is refused, and nobody waits for an answer in vain.
        var refused: [CommitQueue.Submission] = []
        repeat {
            self.inbox.take(into: &refused)
            for submission in refused { submission.completion(.failure(self.loss ?? Self.nothingChanged)) }
        } while !refused.isEmpty
    }

    private static var nothingChanged: PenstockError {
        PenstockError(.storeClosed, "the store was closed; nothing was changed")
    }

    /// Commits group after group until nothing waits.
    private func drain(_ table: Runner.Table) {
        var group: [CommitQueue.Submission] = []
        var applier = TransactionApplier(table: table, leases: self.index)
        while true {
            self.inbox.take(into: &group)
            guard !group.isEmpty else { return }
            self.commit(group, to: table, by: &applier)
            self.offer(applier.takeRestored())
        }
    }

    /// Commits a group: all its transactions as one first, which is what a store does cheapest, and each kept apart
    /// from the others if one of them turns out to fail half-way.
    private func commit(
        _ group: [CommitQueue.Submission],
        to table: Runner.Table,
        by applier: inout TransactionApplier
    ) {
        // A user's own work is not to be done twice, so a group that has some is careful from the start.
        let hasWork = group.contains { $0.transaction.operations.contains(where: \.isWork) }
        do throws(PenstockError) {
            if !hasWork, try self.commit(group, to: table, by: &applier, isCareful: false) { return }
            _ = try self.commit(group, to: table, by: &applier, isCareful: true)
        } catch {
            // A table that has closed itself has lost its files, and will do no more.
            if error.code == .storeClosed { self.end(because: error) }
            for submission in group { submission.completion(.failure(error)) }
        }
    }

    /// - Returns: `false` when a transaction failed half-way that was not kept apart; nothing has happened then.
    private func commit(
        _ group: [CommitQueue.Submission],
        to table: Runner.Table,
        by applier: inout TransactionApplier,
        isCareful: Bool
    ) throws(PenstockError) -> Bool {
        applier.begin(at: self.clock.now, isCareful: isCareful)
        var outcomes: [Result<Receipt, PenstockError>] = []
        outcomes.reserveCapacity(group.count)
        do throws(PenstockError) {
            try table.begin()
            for submission in group {
                let outcome: Result<Receipt, PenstockError>
                do throws(PenstockError) {
                    outcome = .success(try applier.apply(submission.transaction))
                } catch {
                    if error.code == .storeUnavailable || error.code == .storeUnusable { throw error }
                    outcome = .failure(error)
                }
                guard !applier.needsCare else {
                    table.rollback()
                    applier.abandon()
                    return false
                }
                outcomes.append(outcome)
            }
            try table.commit()
        } catch {
            table.rollback()
            applier.abandon()
            throw error
        }
        self.commits.add(1)
        self.publish(applier.changes, table: table)
        for (submission, outcome) in zip(group, outcomes) { submission.completion(outcome) }
        return true
    }

    /// Tells the index what is durable now, and wakes whoever waited for it.
    private func publish(_ changes: [IndexChange], table: Runner.Table) {
        let news = self.index.withLock { index in changes.compactMap { index.apply($0) } }
        var (readied, left) = (Set<String>(), Set<String>())
        var (ended, released): ([ItemID], [ItemID]) = ([], [])
        for change in changes {
            if change.isAtRest || (change.endsLease && change.from != nil) { released.append(change.id) }
            if change.to == .ready, change.item != nil { readied.insert(change.queue) }
            if change.from != nil, change.to == nil {
                ended.append(change.id)
                left.insert(change.queue)
            }
        }
        self.ledger?.ended(released)
        self.offer(readied.sorted())
        for id in self.endings.awaited(among: ended) { self.endings.wake(id, with: Self.ending(of: id, in: table)) }
        for queue in self.departures.awaited(among: left.sorted()) { self.departures.wake(queue) }
        self.deliver(news)
    }

    /// The row of an item that has just ended, read here so that those who wait for it need not ask for it.
    private static func ending(of id: ItemID, in table: Runner.Table) -> Ending {
        do throws(PenstockError) {
            let row = try table.item(id)
            // It may have been begun again in the group in which it ended.
            return row.map { $0.state.isSettled } ?? true ? .row(row) : .unread
        } catch {
            // They ask for it themselves, and hear what is wrong.
            return .unread
        }
    }

    private func deliver(_ news: [(holder: Holder, news: RunNews)]) {
        guard !news.isEmpty else { return }
        self.pendingNews.withLock { pending in
            for (holder, item) in news {
                let earlier = pending[holder]?[item.lease]
                pending[holder, default: [:]][item.lease] = item.following(earlier)
            }
        }
        let holders = Set(news.map(\.holder)).sorted { $0.number < $1.number }
        for holder in self.newsletter.awaited(among: holders) { self.newsletter.wake(holder) }
    }

    /// Ends the leases whose time is over, and lets those look again who wait for what is due now.
    func timePassed() {
        let uptime = self.clock.uptime
        let expired = self.index.withLock { $0.takeExpired(at: uptime) }
        for lease in expired { self.environment.task { [weak self] in await self?.expire(lease) } }
        for queue in self.choice.names.sorted() { self.choice.wake(queue) }
        self.readOn()
        self.setAlarm()
    }

    private func expire(_ lease: LeaseReference) async {
        let failure = Failure(.timedOut, pipeline: lease.id.key, message: "the lease ended before it was settled")
        let transaction = Transaction([.settle(lease, .retry(after: .zero, failure))])
        do throws(PenstockError) {
            _ = try await self.commit(transaction)
        } catch  where error.code == .storeUnavailable {
            // The lease has ended all the same: that is tried again, but not at once.
            let end = self.clock.uptime + .seconds(1)
            if self.index.withLock({ $0.expireAgain(lease, at: end) }) { self.setAlarm() }
        } catch {
            // Settled in the meantime: there is nothing left to end.
        }
    }

    func setAlarm() {
        let uptime = self.clock.uptime
        guard let end = self.index.withLock({ $0.nextExpiry() }) else { return }
        self.alarm?.set(in: end - uptime)
    }
}

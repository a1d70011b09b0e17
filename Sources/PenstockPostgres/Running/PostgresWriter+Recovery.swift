import Penstock

/// What the writer does when the connection is gone, or when others took the process for dead.
extension PostgresWriter {
    /// What has become of the group that was under way, and of the process.
    struct Fate {
        let isCommitted: Bool
        /// Whether the process was declared dead meanwhile; what it held is not its own any more.
        let isExpelled: Bool
    }

    /// Connects again, and finds out whether the group that was under way was committed.
    ///
    /// Each group counts itself in the row of its process, so the count tells. The old session may still be at it, or
    /// wait for a connection that is half open; it is ended before the count is read.
    /// - Throws: when that has not succeeded for as long as the options allow.
    func recover() throws(PostgresError) -> Fate {
        let (clock, began) = (LiveClock(), LiveClock().uptime)
        self.table.connection.close()
        self.store.environment.report?(Notice(.warning, "the connection to PostgreSQL was lost; it is made again"))
        var tries = 0
        while true {
            do throws(PostgresError) {
                let connection = try self.dialler.dial("writer")
                self.table.connection = connection
                _ = try connection.run(self.table.statements.evict, PostgresValues(self.session))
                return try self.fate()
            } catch {
                self.table.connection.close()
                guard error.mayPass, clock.uptime - began < self.dialler.options.patience,
                    !self.store.inbox.isClosed
                else { throw error }
                tries += 1
                self.dialler.pause(tries)
            }
        }
    }

    /// Reads how far the process has come, by the server's account.
    private func fate() throws(PostgresError) -> Fate {
        let rows = try self.table.connection.run(self.table.statements.groups, PostgresValues(self.table.process))
        self.session = self.table.connection.backendPID
        guard rows.count == 1 else { return Fate(isCommitted: false, isExpelled: true) }
        self.store.clock.sample(try rows.int64(0, 2))
        let (groups, isDead) = (try rows.int64(0, 0), try rows.bool(0, 1))
        guard groups >= self.table.group else {
            // A server that was restored, or a standby that had not received everything.
            self.store.environment.report?(
                Notice(.error, "the database has lost transactions that it had acknowledged: check its replication")
            )
            return Fate(isCommitted: false, isExpelled: true)
        }
        let isCommitted = groups > self.table.group
        if isCommitted { self.table.finishGroup() }
        return Fate(isCommitted: isCommitted, isExpelled: isDead)
    }

    /// Takes up what was leased in a group whose answer was lost.
    func takeStrays() throws(PostgresError) {
        let rows = try self.table.connection.run(self.table.statements.strays, PostgresValues(self.table.process))
        let births = Set(self.table.births.map(\.row.record.id))
        for row in 0..<rows.count {
            let found = try PostgresRow(rows, row)
            let id = found.record.id
            guard self.store.holds[id]?.token != found.record.token, !births.contains(id) else { continue }
            var record = found.record
            record.token = try rows.int64(row, 23)
            let lease = LeaseReference(id: id, token: found.record.token)
            let item = LeasedItem(record: record, lease: lease, isFresh: !found.hasSteps)
            self.hand(out: [(item, found)], of: record.queue, for: nil)
        }
    }

    /// Begins anew under another number, holding nothing; whoever held something hears that it is over.
    func reenter() throws(PostgresError) {
        self.store.environment.report?(
            Notice(.warning, "other processes took this one for dead: what it held is ready for others")
        )
        self.table.process = try Self.enter(
            self.table.connection,
            self.dialler,
            self.table.statements,
            self.store.clock
        )
        self.table.resetGroups()
        self.store.processChanged(self.table.process)
        let news: [(holder: Holder, news: RunNews)] = self.store.holds.removeAll().compactMap { held in
            let lease = LeaseReference(id: held.row.record.id, token: held.token)
            let over = RunNews(lease: lease, news: held.news + 1, steps: [], isOver: true)
            return held.holder.map { ($0, over) }
        }
        self.store.deliver(news)
    }
}

extension PostgresError {
    /// Whether it may be over when it is tried again.
    var mayPass: Bool { self.asPenstockError().code == .storeUnavailable }
}

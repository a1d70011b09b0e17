import Penstock

/// What another process is to be told of an item that it holds.
struct RemoteNews {
    let holder: Int64
    let id: ItemID
    let token: Int64
    /// The step that has ended; `nil` when the lease is over.
    let step: Int?
}

/// Sending what has gathered.
extension PostgresTable {
    /// Sends all changes that have gathered, as a few statements; the answers come with the next ones that are waited
    /// for.
    ///
    /// - Parameter adopt: Says for each new item that is ready who takes it at once; given with the last changes of a
    ///   group only.
    func flush(adopt: ((ItemRecord) -> Wish?)? = nil) throws(PenstockError) {
        var batch = Writes()
        for id in self.order {
            guard let entry = self.entries[id] else { continue }
            var after = entry.after
            var lease: Duration?
            if entry.before == nil, let row = after, row.record.state == .ready, let wish = adopt?(row.record) {
                let leased = self.lease(row, wish)
                self.births.append((leased, wish))
                (after, lease) = (leased, wish.request.duration)
            }
            batch.add(entry, after, lease: lease)
            batch.count(entry.before, after)
            self.entries[id]?.after = after
            self.entries[id]?.before = after
            self.entries[id]?.isRewritten = false
        }
        do throws(PostgresError) {
            try self.send(batch)
        } catch {
            throw error.wrapped()
        }
    }

    /// A row that is leased as it is made: its number is greater than all tokens before it, and all that come are
    /// greater.
    private func lease(_ row: PostgresRow, _ wish: Wish) -> PostgresRow {
        var row = row
        row.holder = self.process
        row.record.token = row.record.number
        row.record.attempt = 1
        return row
    }

    private func send(_ batch: Writes) throws(PostgresError) {
        guard !batch.isEmpty || !self.news.isEmpty else { return }
        try self.begin()
        let statements = self.statements
        // What goes makes way for what comes, under the same key.
        if !batch.deleted.isEmpty { try self.connection.send(statements.deleteItems, batch.deleted.deletingValues()) }
        if !batch.deletedSettled.isEmpty {
            try self.connection.send(statements.deleteSettled, batch.deletedSettled.deletingValues())
        }
        if !batch.deletedKeys.isEmpty {
            try self.connection.send(statements.deleteKeys, batch.deletedKeys.deletingValues())
        }
        if !batch.inserted.isEmpty {
            try self.connection.send(statements.insertItems, batch.inserted.values(self.clock.leaseTime))
        }
        if !batch.insertedKeys.isEmpty { try self.connection.send(statements.insertKeys, batch.insertedKeys.values()) }
        if !batch.recorded.isEmpty {
            try self.connection.send(statements.insertSettled, batch.recorded.settledValues())
        }
        if !batch.updated.isEmpty { try self.connection.send(statements.updateItems, batch.updated.values()) }
        if !batch.marked.isEmpty { try self.connection.send(statements.markItems, batch.marked.markingValues()) }
        if !batch.rewritten.isEmpty {
            try self.connection.send(statements.rewriteItems, batch.rewritten.rewritingValues())
        }
        if !batch.settled.isEmpty { try self.connection.send(statements.settleItems, batch.settled.settlingValues()) }
        if !batch.revived.isEmpty { try self.connection.send(statements.reviveSettled, batch.revived.revivingValues()) }
        try self.sendNews()
        try self.sendCounts(batch)
    }

    private func sendNews() throws(PostgresError) {
        guard !self.news.isEmpty else { return }
        var values = PostgresValues()
        values.append(self.news.map(\.holder))
        values.append(self.news.map(\.id.root))
        values.append(self.news.map(\.id.run))
        values.append(self.news.map { Int32(clamping: $0.id.step) })
        values.append(self.news.map(\.token))
        values.append(self.news.map { $0.step.map { Int32(clamping: $0) } })
        try self.connection.send(self.statements.insertNews, values)
        self.toldElsewhere.formUnion(self.news.map(\.holder))
        self.news = []
    }

    private func sendCounts(_ batch: Writes) throws(PostgresError) {
        let counts = batch.counts.filter { $0.value != Writes.Counts() }.sorted { $0.key < $1.key }
        guard !counts.isEmpty else { return }
        var values = PostgresValues()
        values.append(self.process)
        values.append(counts.map(\.key))
        values.append(counts.map(\.value.ready))
        values.append(counts.map(\.value.leased))
        values.append(counts.map(\.value.parked))
        try self.connection.send(self.statements.addCounts, values)
    }
}

extension PostgresError {
    /// The error for the writer, which looks at its cause to see what to do about it.
    func wrapped() -> PenstockError { PenstockError(.storeUnavailable, self.message, cause: self) }
}

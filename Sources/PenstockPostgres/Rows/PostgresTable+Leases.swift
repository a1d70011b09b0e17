import Penstock

/// What an operation asks of leases.
extension PostgresTable: LeaseBook {
    func hold(on id: ItemID) throws(PenstockError) -> Hold? {
        guard let row = try self.row(id), row.holder != nil else { return nil }
        let held = row.holder == self.process ? self.holds[id] : nil
        let isHere = held?.token == row.record.token
        // What others have counted in the row, this process may not have heard of yet.
        let unheard = row.wakes - (isHere ? held?.row.wakes ?? 0 : 0)
        return Hold(
            token: row.record.token,
            queue: row.record.queue,
            attempt: row.record.attempt,
            news: (isHere ? held?.news ?? 0 : 0) + Int(unheard),
            state: row.record.state,
            holder: isHere ? held?.holder : nil,
            item: ReadyItem(row.record)
        )
    }

    /// A row that was read is locked, and whoever leases passes over what is locked.
    func withhold(_ record: ItemRecord) throws(PenstockError) -> Bool {
        guard let row = try self.row(record.id) else { return true }
        return row.holder == nil
    }

    func restore(_ ids: [ItemID]) -> Set<String> { [] }

    func note(_ change: IndexChange) {
        let holder = (self.entries[change.id]?.after ?? self.entries[change.id]?.before)?.holder
        let isElsewhere = holder != nil && holder != self.process
        if let holder, isElsewhere, change.newsOf != nil || (change.endsLease && change.isForced) {
            let token = self.entries[change.id]?.before?.record.token ?? 0
            self.news.append(RemoteNews(holder: holder, id: change.id, token: token, step: change.newsOf))
        }
        self.change(change.id) { row in
            if change.newsOf != nil, isElsewhere { row.wakes += 1 }
            if change.isAtRest, change.from == nil { row.isResting = true }
            guard change.endsLease, change.from != nil else { return }
            (row.holder, row.wakes, row.isResting) = (nil, 0, false)
        }
    }

    func unsettled(in queue: String) throws(PenstockError) -> Int {
        if let count = self.counts[queue] { return count }
        do throws(PostgresError) {
            try self.begin()
            // Whoever else fills a bounded queue waits here, and counts after this transaction.
            try self.connection.send(self.statements.lockQueue, PostgresValues(queue))
            try self.connection.send(self.statements.unsettled, PostgresValues(queue))
            guard let rows = try self.finish().last else {
                throw PostgresError(.invalid, "the server has answered nothing")
            }
            let count = Int(try rows.int64(0, 0))
            self.counts[queue] = count
            return count
        } catch {
            throw error.wrapped()
        }
    }

    func token(after record: ItemRecord) throws(PenstockError) -> Int64 {
        try self.nextNumber(after: record.token)
    }
}

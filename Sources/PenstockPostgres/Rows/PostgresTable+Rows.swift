import Penstock

/// What an operation asks of rows.
extension PostgresTable: RowTable {
    func nextNumber(after floor: Int64) throws(PenstockError) -> Int64 {
        if let number = self.numbers.take(after: floor) { return number }
        let rows = try self.ask(self.statements.numbers, PostgresValues(Int32(1)))
        do throws(PostgresError) {
            self.numbers.renew(from: try rows.int64(0, 0))
        } catch {
            throw error.wrapped()
        }
        guard let number = self.numbers.take(after: floor) else {
            throw PenstockError(
                .storeUnusable,
                "the server's sequence of numbers has fallen behind its rows: was it restored without its sequences?"
            )
        }
        return number
    }

    func savepoint() throws(PenstockError) {
        try self.flush()
        self.savepoints.append((self.entries, self.order, self.keys))
        try self.send(self.statements.savepoint)
    }

    func rollbackToSavepoint() throws(PenstockError) {
        guard let (entries, order, keys) = self.savepoints.popLast() else { return }
        (self.entries, self.order, self.keys) = (entries, order, keys)
        try self.send(self.statements.rollbackToSavepoint)
        try self.send(self.statements.releaseSavepoint)
    }

    func releaseSavepoint() throws(PenstockError) {
        _ = self.savepoints.popLast()
        try self.send(self.statements.releaseSavepoint)
    }

    private func send(_ statement: PostgresStatement) throws(PenstockError) {
        do throws(PostgresError) {
            try self.begin()
            try self.connection.send(statement, PostgresValues())
        } catch {
            throw error.wrapped()
        }
    }

    func insert(_ record: ItemRecord) throws(PenstockError) -> Bool {
        if let entry = self.entries[record.id], entry.after != nil { return false }
        if !self.isTrusting, try self.row(record.id) != nil { return false }
        let before = self.entries[record.id]?.before
        self.enter(record.id, Entry(before: before, after: PostgresRow(record)))
        if let key = record.chosenKey, record.id.isRoot {
            self.keys[Key(queue: record.queue, key: key)] = record.id.root
        }
        if let caller = record.caller, try self.row(caller) != nil { self.change(caller) { $0.hasSteps = true } }
        return true
    }

    func update(_ id: ItemID, expecting expected: StateSet, _ change: RowChange) throws(PenstockError) -> Bool {
        guard let row = try self.row(id), expected.contains(StateSet(row.record.state)) else { return false }
        self.change(id) { row in
            row.record.state = change.state
            row.record.due = change.due
            row.record.attempt = change.attempt
            row.record.token = change.token
            row.record.settled = change.settled
            row.record.result = change.result
            row.isResting = false
        }
        return true
    }

    func rewrite(_ record: ItemRecord) throws(PenstockError) {
        guard try self.row(record.id) != nil else { return }
        self.change(record.id) { row in
            row.record.payload = record.payload
            row.record.digest = record.digest
        }
        self.entries[record.id]?.isRewritten = true
    }

    func delete(_ id: ItemID) throws(PenstockError) {
        guard let row = try self.row(id) else { return }
        self.entries[id]?.after = nil
        if let key = row.record.chosenKey, id.isRoot {
            self.keys[Key(queue: row.record.queue, key: key)] = .some(nil)
        }
    }

    func item(_ id: ItemID) throws(PenstockError) -> ItemRecord? { try self.row(id)?.record }

    func item(queue: String, key: String) throws(PenstockError) -> ItemRecord? {
        if let id = ItemID(key: key) {
            guard let record = try self.item(id), record.queue == queue else { return nil }
            return record
        }
        let key = Key(queue: queue, key: key)
        if let known = self.keys[key] {
            guard let root = known else { return nil }
            return try self.item(ItemID(root: root))
        }
        guard !self.assumedFree.contains(key) else { return nil }
        var wanted = Set<ItemID>()
        try self.find([key], &wanted)
        try self.fetch(wanted)
        guard let root = self.keys[key] ?? nil else { return nil }
        return try self.item(ItemID(root: root))
    }

    func items(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        // What the group has changed so far is to be found as well.
        try self.flush()
        let statement: PostgresStatement
        switch query.scope {
        case .waiting: statement = self.statements.lockWaiting
        case .journal: statement = self.statements.lockJournal
        case .roots: throw PenstockError(.unsupported, "a transaction does not list the roots of a store")
        }
        let rows = try self.ask(statement, query.values)
        var records: [ItemRecord] = []
        do throws(PostgresError) {
            for row in 0..<rows.count {
                let found = try PostgresRow(rows, row)
                if self.entries[found.record.id] == nil {
                    self.enter(found.record.id, Entry(before: found, after: found))
                }
                records.append(found.record)
            }
        } catch {
            throw error.wrapped()
        }
        return records
    }

    func mayHaveSteps(_ id: ItemID) throws(PenstockError) -> Bool { try self.row(id)?.hasSteps ?? false }
}

import CSQLite
public import Penstock

/// Single rows.
extension SQLiteTable {
    /// Adds a row; `false` when its address is taken.
    public func insert(_ record: ItemRecord) throws(PenstockError) -> Bool {
        let queue = try self.number(forQueue: record.queue)
        let replyTo: Int64? = if let name = record.replyTo { try self.number(forQueue: name) } else { nil }
        let statement = try self.statement(.insert)
        statement.bind(record.id, from: 1)
        statement.bind(4, record.number)
        statement.bind(5, queue)
        if let key = record.chosenKey { statement.bind(6, key) }
        statement.bind(7, record.state.code)
        statement.bind(8, record.priority)
        statement.bind(9, record.due.milliseconds)
        statement.bind(10, record.created.milliseconds)
        statement.bind(11, record.settled?.milliseconds)
        statement.bind(12, record.attempt)
        statement.bind(13, record.token)
        statement.bind(14, Int64(bitPattern: record.digest))
        if let caller = record.caller {
            statement.bind(15, caller.run)
            statement.bind(16, caller.step)
        }
        statement.bind(17, replyTo)
        statement.bind(18, record.payload.bytes)
        if let result = record.result { statement.bind(19, result.bytes) }
        do throws(SQLiteError) {
            while try statement.advance() {}
            return true
        } catch {
            guard error.extendedCode.rawValue == csqlite_address_taken else { throw error.asPenstockError() }
            return false
        }
    }

    /// Changes a row that is in one of the states `expected`; `false` when there is none.
    public func update(
        _ id: ItemID,
        expecting expected: StateSet,
        _ change: RowChange
    ) throws(PenstockError) -> Bool {
        let statement = try self.statement(.update)
        statement.bind(1, change.state.code)
        statement.bind(2, change.due?.milliseconds)
        statement.bind(3, change.attempt.map { Int64($0) })
        statement.bind(4, change.token)
        statement.bind(5, change.settled?.milliseconds)
        if let result = change.result { statement.bind(6, result.bytes) }
        statement.bind(id, from: 7)
        statement.bind(10, Int64(expected.rawValue))
        try statement.run()
        return self.connection.changes > 0
    }

    /// Replaces the argument of a row.
    public func rewrite(_ id: ItemID, payload: Payload, digest: UInt64) throws(PenstockError) {
        let statement = try self.statement(.rewrite)
        statement.bind(1, payload.bytes)
        statement.bind(2, Int64(bitPattern: digest))
        statement.bind(id, from: 3)
        try statement.run()
    }

    /// Removes one row.
    public func delete(_ id: ItemID) throws(PenstockError) {
        let statement = try self.statement(.delete)
        statement.bind(id, from: 1)
        try statement.run()
    }

    /// Reads one row.
    public func item(_ id: ItemID) throws(PenstockError) -> ItemRecord? {
        let statement = try self.statement(.row)
        statement.bind(id, from: 1)
        return try self.records(statement).first
    }

    /// Reads the root row with a key.
    public func item(queue: String, key: String) throws(PenstockError) -> ItemRecord? {
        if let id = ItemID(key: key) {
            guard id.isRoot, let record = try self.item(id), record.queue == queue else { return nil }
            return record
        }
        guard let number = try self.number(ofQueue: queue) else { return nil }
        let statement = try self.statement(.rowWithKey)
        statement.bind(1, number)
        statement.bind(2, key)
        return try self.records(statement).first
    }

    /// Reads all the rows that a statement answers.
    func records(_ statement: SQLiteStatement) throws(PenstockError) -> [ItemRecord] {
        defer { statement.reset() }
        var records: [ItemRecord] = []
        while try statement.step() { records.append(try self.record(statement)) }
        return records
    }

    private func record(_ row: SQLiteStatement) throws(PenstockError) -> ItemRecord {
        let id = ItemID(root: row.integer(0), run: row.integer(1), step: Int(row.integer(2)))
        guard let state = ItemState(code: row.integer(6)) else {
            throw PenstockError(.conflict, "row \(id.key) has state \(row.integer(6)): verify the database")
        }
        var caller: ItemID?
        if let run = row.optionalInteger(14), let step = row.optionalInteger(15) {
            caller = ItemID(root: id.root, run: run, step: Int(step))
        }
        return ItemRecord(
            id: id,
            number: row.integer(3),
            queue: try self.name(ofQueue: row.integer(4)),
            key: row.isNull(5) ? nil : row.text(5),
            state: state,
            priority: Int(row.integer(7)),
            due: Timestamp(milliseconds: row.integer(8)),
            created: Timestamp(milliseconds: row.integer(9)),
            settled: row.optionalInteger(10).map { Timestamp(milliseconds: $0) },
            attempt: Int(row.integer(11)),
            token: row.integer(12),
            digest: UInt64(bitPattern: row.integer(13)),
            payload: Payload(bytes: row.bytes(17)),
            result: row.isNull(18) ? nil : Payload(bytes: row.bytes(18)),
            caller: caller,
            replyTo: try row.optionalInteger(16).map { (number) throws(PenstockError) in
                try self.name(ofQueue: number)
            }
        )
    }
}

extension SQLiteStatement {
    /// Binds the three parts of an address to three places in a row.
    func bind(_ id: ItemID, from place: Int32) {
        self.bind(place, id.root)
        self.bind(place + 1, id.run)
        self.bind(place + 2, id.step)
    }
}

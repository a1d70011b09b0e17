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
        statement.bind(20, RowCheck.content(of: record, queue: queue, replyTo: replyTo))
        statement.bind(21, RowCheck.state(of: record.id, record.lastChange))
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
        statement.bind(change, of: id)
        statement.bind(11, Int64(expected.rawValue))
        try statement.run()
        return self.connection.changes > 0
    }

    /// Changes a row whatever it says its state is.
    func overrule(_ id: ItemID, _ change: RowChange) throws(PenstockError) {
        let statement = try self.statement(.overrule)
        statement.bind(change, of: id)
        try statement.run()
    }

    /// Replaces the argument of a row.
    public func rewrite(_ record: ItemRecord) throws(PenstockError) {
        let queue = try self.number(forQueue: record.queue)
        let replyTo: Int64? = if let name = record.replyTo { try self.number(forQueue: name) } else { nil }
        let statement = try self.statement(.rewrite)
        statement.bind(1, record.payload.bytes)
        statement.bind(2, Int64(bitPattern: record.digest))
        statement.bind(3, RowCheck.content(of: record, queue: queue, replyTo: replyTo))
        statement.bind(record.id, from: 4)
        try statement.run()
    }

    /// Removes one row.
    public func delete(_ id: ItemID) throws(PenstockError) {
        let statement = try self.statement(.delete)
        statement.bind(id, from: 1)
        do throws(SQLiteError) {
            while try statement.advance() {}
        } catch {
            guard error.extendedCode.rawValue == csqlite_index_differs else { throw error.asPenstockError() }
            throw Self.damaged("item \(id.key), or what finds it by its queue and key,")
        }
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

    /// Reads a row as it stands, for somebody who removes it.
    public func uncheckedItem(_ reference: ItemReference) throws(PenstockError) -> ItemRecord? {
        let statement: SQLiteStatement
        switch reference {
        case .id(let id):
            statement = try self.statement(.row)
            statement.bind(id, from: 1)
        case .key(let queue, let key):
            if let id = ItemID(key: key) {
                guard let record = try self.uncheckedItem(.id(id)), record.queue == queue else { return nil }
                return record
            }
            guard let number = try self.number(ofQueue: queue) else { return nil }
            statement = try self.statement(.rowWithKey)
            statement.bind(1, number)
            statement.bind(2, key)
        }
        return try self.uncheckedRecords(statement, limit: 1).first
    }

    /// Reads the rows that a statement answers, up to `limit`.
    func records(_ statement: SQLiteStatement, limit: Int = .max) throws(PenstockError) -> [ItemRecord] {
        defer { statement.reset() }
        var records: [ItemRecord] = []
        while records.count < limit, try statement.step() { records.append(try self.record(statement)) }
        return records
    }

    /// Reads the rows that a statement answers, up to `limit`, and passes over those that are damaged.
    ///
    /// The statement is to have no limit of its own: a page that ended before its time would pass for the last.
    func soundRecords(_ statement: SQLiteStatement, limit: Int) throws(PenstockError) -> [ItemRecord] {
        defer { statement.reset() }
        var records: [ItemRecord] = []
        while records.count < limit, try statement.step() {
            do throws(PenstockError) {
                records.append(try self.record(statement))
            } catch  where error.code == .damaged {
                self.report(Notice(.error, "'\(self.path)': passed over, because \(error.message)"))
            }
        }
        return records
    }

    /// Reads the rows that a statement answers, up to `limit`, whether they are what was stored or not.
    func uncheckedRecords(_ statement: SQLiteStatement, limit: Int) throws(PenstockError) -> [ItemRecord] {
        defer { statement.reset() }
        var records: [ItemRecord] = []
        while records.count < limit, try statement.step() {
            let (stored, queue, replyTo) = try self.uncheckedRecord(statement)
            var record = stored
            record.queue = try self.name(ofQueue: queue)
            if let replyTo { record.replyTo = try self.name(ofQueue: replyTo) }
            records.append(record)
        }
        return records
    }

    /// The row at which a statement stands, if it is what was stored.
    func record(_ row: SQLiteStatement) throws(PenstockError) -> ItemRecord {
        let (stored, queue, replyTo) = try self.uncheckedRecord(row)
        var record = stored
        // Before the numbers of the queues are trusted. What is no number reads as one, as 0.
        guard Self.numbers.allSatisfy(row.isInteger),
            row.integer(19) == RowCheck.content(of: record, queue: queue, replyTo: replyTo),
            row.integer(20) == RowCheck.state(of: record.id, record.lastChange), record.isPossible
        else { throw Self.damaged("item \(record.id.key)") }
        record.queue = try self.name(ofQueue: queue)
        if let replyTo { record.replyTo = try self.name(ofQueue: replyTo) }
        return record
    }

    /// The columns that are numbers, and never NULL: queue, state, due, attempt and token among them.
    private static let numbers: [Int32] = [3, 4, 6, 7, 8, 9, 11, 12, 13, 19, 20]

    /// Whether what never changes in the row at which a statement stands is what was stored, whatever the rest is.
    func isContentSound(_ row: SQLiteStatement) -> Bool {
        let (record, queue, replyTo) = self.storedRecord(row, state: .ready)
        guard row.integer(19) == RowCheck.content(of: record, queue: queue, replyTo: replyTo) else { return false }
        do throws(PenstockError) {
            for number in [queue, replyTo ?? queue] { _ = try self.name(ofQueue: number) }
            return true
        } catch {
            return false
        }
    }

    /// The row at which a statement stands, without the names of its queues, whose numbers stand beside it.
    func uncheckedRecord(
        _ row: SQLiteStatement
    ) throws(PenstockError) -> (record: ItemRecord, queue: Int64, replyTo: Int64?) {
        // In a file whose tables were not made by a store: read as numbers, such addresses would not be in their order.
        guard row.isInteger(0), row.isInteger(1), row.isInteger(2) else {
            throw Self.damaged("a row whose address is no number")
        }
        guard let state = ItemState(code: row.integer(6)) else { throw Self.damaged("item \(row.id.key)") }
        return self.storedRecord(row, state: state)
    }

    private func storedRecord(
        _ row: SQLiteStatement,
        state: ItemState
    ) -> (record: ItemRecord, queue: Int64, replyTo: Int64?) {
        let id = row.id
        var caller: ItemID?
        if let run = row.optionalInteger(14), let step = row.optionalInteger(15) {
            caller = ItemID(root: id.root, run: run, step: Int(step))
        }
        let record = ItemRecord(
            id: id,
            number: row.integer(3),
            queue: "",
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
            caller: caller
        )
        return (record, row.integer(4), row.optionalInteger(16))
    }
}

extension SQLiteStatement {
    /// The address in the first three columns.
    var id: ItemID { ItemID(root: self.integer(0), run: self.integer(1), step: Int(self.integer(2))) }

    /// Binds what a settlement writes, and the address of its row, to the first ten places.
    fileprivate func bind(_ change: RowChange, of id: ItemID) {
        self.bind(1, change.state.code)
        self.bind(2, change.due.milliseconds)
        self.bind(3, change.attempt)
        self.bind(4, change.token)
        self.bind(5, change.settled?.milliseconds)
        if let result = change.result { self.bind(6, result.bytes) }
        self.bind(7, RowCheck.state(of: id, change))
        self.bind(id, from: 8)
    }

    /// Binds the three parts of an address to three places in a row.
    func bind(_ id: ItemID, from place: Int32) {
        self.bind(place, id.root)
        self.bind(place + 1, id.run)
        self.bind(place + 2, id.step)
    }
}

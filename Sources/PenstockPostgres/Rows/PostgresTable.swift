import Penstock

/// The rows as one group of transactions sees and changes them.
///
/// Reads are answered from what the process holds, or fetched and locked; changes gather here and go to the server
/// together, as a few statements over arrays, before the transaction is committed. What was taken to be so without
/// looking is compared by those statements, and when it is not so the group is undone and applied again with every row
/// looked at.
///
/// It is used by the writer's thread only.
final class PostgresTable {
    /// A row that the group has to do with.
    struct Entry {
        /// What the server has, as far as is known; `nil` when there is no row.
        var before: PostgresRow?
        /// What it is to have.
        var after: PostgresRow?
        /// Whether the argument is another one now.
        var isRewritten = false
    }

    /// A key in a queue.
    struct Key: Hashable {
        let queue: String
        let key: String
    }

    var connection: PostgresConnection
    let statements: Statements
    var process: Int64
    let holds: Holds
    let clock: DatabaseClock
    /// What perform of a user's own runs over.
    var numbers: NumberBlock

    /// Whether what the process holds is taken for granted.
    private(set) var isTrusting = true
    /// Whether the transaction has begun at the server.
    private(set) var hasBegun = false
    /// The number of the group among those of the process.
    private(set) var group: Int64

    var entries: [ItemID: Entry] = [:]
    /// In the order in which they came, so that rows are written in that order.
    var order: [ItemID] = []
    /// The roots of the keys that are known; `nil` for a key that is not there.
    var keys: [Key: Int64?] = [:]
    /// Keys that are taken not to be there: the server refuses them if they are.
    private var assumedFree: Set<Key> = []
    private var counts: [String: Int] = [:]
    private var savepoints: [(entries: [ItemID: Entry], order: [ItemID], keys: [Key: Int64?])] = []
    /// What other processes are to be told of.
    var news: [RemoteNews] = []
    /// The processes that were told of something.
    var toldElsewhere: Set<Int64> = []
    /// Items that were leased as they were made.
    var births: [(row: PostgresRow, wish: Wish)] = []
    /// Whether the answer to the mark of the group is still to come.
    private var awaitsMark = false

    init(
        _ connection: PostgresConnection,
        statements: Statements,
        process: Int64,
        holds: Holds,
        clock: DatabaseClock
    ) {
        self.connection = connection
        self.statements = statements
        self.process = process
        self.group = 0
        self.holds = holds
        self.clock = clock
        self.numbers = NumberBlock()
    }

    /// Begins another group.
    func start(isTrusting: Bool) {
        self.isTrusting = isTrusting
        self.hasBegun = false
        self.entries.removeAll(keepingCapacity: true)
        self.order.removeAll(keepingCapacity: true)
        self.keys.removeAll(keepingCapacity: true)
        self.assumedFree.removeAll(keepingCapacity: true)
        self.counts.removeAll(keepingCapacity: true)
        self.savepoints = []
        self.news = []
        self.births = []
        self.toldElsewhere = []
        self.awaitsMark = false
    }

    /// The process has become another one, which has committed nothing.
    func resetGroups() { self.group = 0 }

    /// The group was committed.
    func finishGroup() {
        self.group += 1
        self.hasBegun = false
    }

    /// Begins the transaction at the server, with the next statement that is sent.
    func begin() throws(PostgresError) {
        guard !self.hasBegun else { return }
        (self.hasBegun, self.awaitsMark) = (true, true)
        try self.connection.send(self.statements.begin, PostgresValues())
        try self.connection.send(self.statements.mark, PostgresValues(self.process, self.group + 1))
    }

    /// Waits for the answers to all that was sent; those to the beginning of the transaction are not among them.
    func finish() throws(PostgresError) -> [PostgresRows] {
        var results = try self.connection.finish()
        if self.awaitsMark, results.count > 1 {
            self.awaitsMark = false
            self.clock.sample(try results[1].int64(0, 0))
            results.removeFirst(2)
        }
        return results
    }

    /// Undoes the transaction at the server, if it has begun there.
    func undo() throws(PostgresError) {
        self.hasBegun = false
        self.connection.discardBatch()
        guard self.connection.transaction != .none else { return }
        _ = try self.connection.run(self.statements.rollback, PostgresValues())
    }

    // MARK: Looking before

    /// Fetches in one go what the transactions of a group are going to ask for.
    func prepare(for transactions: [Transaction]) throws(PenstockError) {
        var wanted = Set<ItemID>()
        var keys = Set<Key>()
        for operation in transactions.lazy.flatMap(\.operations) {
            switch operation {
            case .push(let item):
                guard let key = item.key, ItemID(key: key) == nil, !key.utf8.contains(0) else { continue }
                self.assumedFree.insert(Key(queue: item.queue, key: key))
            case .settle(let lease, _): self.want(lease.id, &wanted)
            case .resolve(let reference, _), .pop(let reference), .control(let reference, _):
                switch reference {
                case .id(let id): self.want(id, &wanted)
                case .key(let queue, let key):
                    if ItemID(key: key) == nil { keys.insert(Key(queue: queue, key: key)) }
                }
            case .append(let queue, let key, _): if ItemID(key: key) == nil { keys.insert(Key(queue: queue, key: key)) }
            case .abandon(let id): self.want(id, &wanted)
            case .call, .clear, .work: break
            }
        }
        if self.isTrusting { self.assumedFree.subtract(keys) } else { keys.formUnion(self.assumedFree) }
        if !self.isTrusting { self.assumedFree = [] }
        if !keys.isEmpty { try self.find(keys.sorted { ($0.queue, $0.key) < ($1.queue, $1.key) }, &wanted) }
        if !wanted.isEmpty { try self.fetch(wanted) }
        // Whoever called them is going to be woken.
        let callers = Set(wanted.compactMap { self.entries[$0]?.after?.record.caller })
            .filter { self.entries[$0] == nil && (!self.isTrusting || self.holds[$0] == nil) }
        if !callers.isEmpty { try self.fetch(callers) }
    }

    /// Notes that a row will be wanted, or that of its caller if the row is known.
    private func want(_ id: ItemID, _ wanted: inout Set<ItemID>) {
        guard self.isTrusting, let held = self.holds[id] else {
            wanted.insert(id)
            return
        }
        if let caller = held.row.record.caller, self.holds[caller] == nil { wanted.insert(caller) }
    }

    /// Finds the roots of keys, and their rows.
    private func find(_ keys: [Key], _ wanted: inout Set<ItemID>) throws(PenstockError) {
        for key in keys { self.keys[key] = .some(nil) }
        // The server takes no text with a zero byte, so none has one.
        let keys = keys.filter { !$0.key.utf8.contains(0) && !$0.queue.utf8.contains(0) }
        guard !keys.isEmpty else { return }
        let rows = try self.ask(self.statements.findKeys, PostgresValues(keys.map(\.queue), keys.map(\.key)))
        do throws(PostgresError) {
            for row in 0..<rows.count {
                let key = Key(queue: try rows.text(row, 0), key: try rows.text(row, 1))
                let root = try rows.int64(row, 2)
                self.keys[key] = root
                wanted.insert(ItemID(root: root))
            }
        } catch {
            throw error.wrapped()
        }
    }

    /// Reads rows and locks them until the transaction has ended.
    func fetch(_ ids: some Collection<ItemID>) throws(PenstockError) {
        let ids = ids.filter { self.entries[$0] == nil }.sorted()
        guard !ids.isEmpty else { return }
        do throws(PostgresError) {
            try self.begin()
            try self.connection.send(self.statements.lockItems, PostgresValues(addresses: ids))
            try self.connection.send(self.statements.lockSettled, PostgresValues(addresses: ids))
            for rows in try self.finish().suffix(2) {
                for row in 0..<rows.count {
                    let found = try PostgresRow(rows, row)
                    self.enter(found.record.id, Entry(before: found, after: found))
                }
            }
        } catch {
            throw error.wrapped()
        }
        for id in ids where self.entries[id] == nil { self.enter(id, Entry()) }
    }

    /// Sends one statement with all that waits, and returns what it answers.
    func ask(_ statement: PostgresStatement, _ values: PostgresValues) throws(PenstockError) -> PostgresRows {
        do throws(PostgresError) {
            try self.begin()
            try self.connection.send(statement, values)
            guard let rows = try self.finish().last else { throw PostgresError(.invalid, "the server has answered nothing") }
            return rows
        } catch {
            throw error.wrapped()
        }
    }

    private func enter(_ id: ItemID, _ entry: Entry) {
        if self.entries.updateValue(entry, forKey: id) == nil { self.order.append(id) }
    }

    /// The row as the group has made it so far.
    func row(_ id: ItemID) throws(PenstockError) -> PostgresRow? {
        if let entry = self.entries[id] { return entry.after }
        if self.isTrusting, let held = self.holds[id] {
            self.enter(id, Entry(before: held.row, after: held.row))
            return held.row
        }
        try self.fetch(CollectionOfOne(id))
        return self.entries[id]?.after
    }

    /// Changes a row that the group knows already.
    func change(_ id: ItemID, _ body: (inout PostgresRow) -> Void) {
        guard var row = self.entries[id]?.after else { return }
        body(&row)
        self.entries[id]?.after = row
    }
}

// MARK: - What the applier asks for

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

    func perform(_ work: any StoreWork) throws(PenstockError) {
        throw PenstockError(.unsupported, "a store in PostgreSQL cannot do work of the kind '\(work.kind)'")
    }
}

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

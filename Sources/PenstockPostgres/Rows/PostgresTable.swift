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
    /// The numbers that it may give away, and when they were new.
    var numbers = NumberBlock()
    private var numbersAge = Duration.zero

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
    var assumedFree: Set<Key> = []
    var counts: [String: Int] = [:]
    var savepoints: [(entries: [ItemID: Entry], order: [ItemID], keys: [Key: Int64?])] = []
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
    }

    /// Begins another group.
    func start(isTrusting: Bool) {
        // What was not used at once may be less than what others have been given since.
        let now = self.clock.uptime
        if now - self.numbersAge > .seconds(1) {
            self.numbers.expire()
            self.numbersAge = now
        }
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

    // MARK: Rows that the group knows

    /// Notes a row.
    func enter(_ id: ItemID, _ entry: Entry) {
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

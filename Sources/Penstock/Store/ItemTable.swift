/// The rows of an embedded store, as a list of small steps that either work or do not.
///
/// What a transaction *means* is written once, in ``TransactionApplier``; a table only keeps rows. A table is used by
/// one thread at a time and is not `Sendable`: a ``TableRunner`` sees to that.
public protocol ItemTable: AnyObject {
    /// How often the table has been opened, this time included; the upper part of every fencing token.
    var epoch: Int64 { get }

    /// Returns a number that no item has or ever had.
    func nextNumber() throws(PenstockError) -> Int64

    /// Begins a group of transactions.
    func begin() throws(PenstockError)

    /// Makes the group durable. When it throws, nothing of the group has happened, as far as can be known.
    func commit() throws(PenstockError)

    /// Undoes the group.
    func rollback()

    /// Marks a place inside the group to which ``rollbackToSavepoint()`` returns.
    func savepoint() throws(PenstockError)

    /// Undoes everything since the mark, and forgets the mark.
    func rollbackToSavepoint() throws(PenstockError)

    /// Keeps everything since the mark, and forgets the mark.
    func releaseSavepoint() throws(PenstockError)

    /// Adds a row; `false` when its address is taken.
    func insert(_ record: ItemRecord) throws(PenstockError) -> Bool

    /// Changes a row that is in one of the states `expected`; `false` when there is none.
    func update(
        _ id: ItemID,
        expecting expected: StateSet,
        _ change: RowChange
    ) throws(PenstockError) -> Bool

    /// Replaces the argument and its digest in the row of `record` by what the record has.
    func rewrite(_ record: ItemRecord) throws(PenstockError)

    /// Removes one row.
    func delete(_ id: ItemID) throws(PenstockError)

    /// Reads one row.
    func item(_ id: ItemID) throws(PenstockError) -> ItemRecord?

    /// Reads the root row with a key.
    func item(queue: String, key: String) throws(PenstockError) -> ItemRecord?

    /// Reads a row as it stands, for somebody who removes it: it need not be what was stored.
    func uncheckedItem(_ reference: ItemReference) throws(PenstockError) -> ItemRecord?

    /// Reads a page of rows.
    func items(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord]

    /// Lists the lanes that have ready rows, and how many each has.
    func lanes() throws(PenstockError) -> [LaneCount]

    /// Reads ready rows of one lane in order, from the place after `horizon`.
    func ready(
        queue: String,
        priority: Int,
        after horizon: LanePosition?,
        limit: Int
    ) throws(PenstockError) -> [ItemRecord]

    /// Counts the parked and diverged rows of every queue that has any.
    func parked() throws(PenstockError) -> [String: Int]

    /// Does work that only this kind of table understands, inside the current transaction.
    func perform(_ work: any StoreWork) throws(PenstockError)
}

extension ItemTable {
    /// Reads a row of a table whose rows are always what was stored.
    public func uncheckedItem(_ reference: ItemReference) throws(PenstockError) -> ItemRecord? {
        switch reference {
        case .id(let id): try self.item(id)
        case .key(let queue, let key): try self.find(queue: queue, key: key)
        }
    }
}

/// How many ready rows one priority of one queue has.
public struct LaneCount: Sendable, Hashable {
    /// The queue.
    public let queue: String
    /// The priority.
    public let priority: Int
    /// How many rows.
    public let count: Int

    /// Makes a count.
    public init(queue: String, priority: Int, count: Int) {
        self.queue = queue
        self.priority = priority
        self.count = count
    }
}

/// A set of item states, small enough to be compared in one instruction.
public struct StateSet: OptionSet, Sendable, Hashable {
    /// One bit for each state.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The state ``ItemState/ready``.
    public static let ready = StateSet(rawValue: 1)
    /// The state ``ItemState/parked``.
    public static let parked = StateSet(rawValue: 2)
    /// The state ``ItemState/diverged``.
    public static let diverged = StateSet(rawValue: 4)
    /// The states in which an item has ended.
    public static let settled = StateSet(rawValue: 8 | 16 | 32)
    /// The states in which it has not.
    public static let unsettled: StateSet = [.ready, .parked, .diverged]

    /// The set of one state.
    public init(_ state: ItemState) {
        self.rawValue =
            switch state {
            case .ready: 1
            case .parked: 2
            case .diverged: 4
            case .completed: 8
            case .failed: 16
            case .cancelled: 32
            }
    }
}

/// What a settlement writes into a row: everything in it that changes during its life.
public struct RowChange: Sendable {
    /// The state.
    public var state: ItemState
    /// When it may be worked on.
    public var due: Timestamp
    /// How many attempts have begun.
    public var attempt: Int
    /// The token of the lease under which the change is made.
    public var token: Int64
    /// When the item ended; `nil` when it has not.
    public var settled: Timestamp?
    /// The result or failure; `nil` clears it.
    public var result: Payload?

    /// Makes a change.
    public init(
        state: ItemState,
        due: Timestamp,
        attempt: Int,
        token: Int64,
        settled: Timestamp? = nil,
        result: Payload? = nil
    ) {
        self.state = state
        self.due = due
        self.attempt = attempt
        self.token = token
        self.settled = settled
        self.result = result
    }
}

/// Runs closures over a table, one at a time, in the order in which they come.
public protocol TableRunner<Table>: AnyObject, Sendable {
    /// The table.
    associatedtype Table: ItemTable

    /// Runs `job` over the table, now or soon, on whatever thread the runner uses.
    ///
    /// - Returns: `false` when the runner was stopped; the job will not run.
    func post(_ job: @escaping @Sendable (Table) -> Void) -> Bool

    /// Finishes what was posted and lets go of the table; jobs that are posted later are refused.
    func stop() async
}

/// Keeps track, outside the process's memory, of which items are being worked on, so that the next process knows what
/// this one died over.
public protocol ClaimLedger: Sendable {
    /// A worker has begun with an item.
    ///
    /// Whoever records the end of that writes the lease's token into the row, so a claim under a token that the row
    /// has, or has left behind, is one that nobody died over.
    func began(_ lease: LeaseReference)
    /// Nobody is at work on these any longer.
    func ended(_ ids: [ItemID])
}

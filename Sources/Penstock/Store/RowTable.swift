/// The rows of a store, as a list of small steps that either work or do not.
///
/// What a transaction *means* is written once, in ``TransactionApplier``; rows are only kept here. They are used by one
/// thread at a time and are not `Sendable`.
public protocol RowTable: AnyObject {
    /// Returns a number that no item has or ever had, and that is greater than `floor`.
    func nextNumber(after floor: Int64) throws(PenstockError) -> Int64

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

    /// Whether an item may have a journal; `true` where only reading would tell.
    func mayHaveSteps(_ id: ItemID) throws(PenstockError) -> Bool

    /// Does work that only this kind of table understands, inside the current transaction.
    func perform(_ work: any StoreWork) throws(PenstockError)
}

extension RowTable {
    /// Reads a row of a table whose rows are always what was stored.
    public func uncheckedItem(_ reference: ItemReference) throws(PenstockError) -> ItemRecord? {
        switch reference {
        case .id(let id): try self.item(id)
        case .key(let queue, let key): try self.find(queue: queue, key: key)
        }
    }

    /// Says that reading would tell.
    public func mayHaveSteps(_ id: ItemID) throws(PenstockError) -> Bool { true }

    /// Reads the row with a key, also one that Penstock made.
    func find(queue: String, key: String) throws(PenstockError) -> ItemRecord? {
        guard let id = ItemID(key: key) else { return try self.item(queue: queue, key: key) }
        guard let record = try self.item(id), record.queue == queue else { return nil }
        return record
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

/// The rows of an embedded store, which is opened by one process at a time and tells it what is ready.
///
/// A table is used by one thread at a time and is not `Sendable`: a ``TableRunner`` sees to that.
public protocol ItemTable: RowTable {
    /// How often the table has been opened, this time included; the upper part of every fencing token.
    var epoch: Int64 { get }

    /// Returns a number that is greater than any that an item has or ever had.
    func nextNumber() throws(PenstockError) -> Int64

    /// Begins a group of transactions.
    func begin() throws(PenstockError)

    /// Makes the group durable. When it throws, nothing of the group has happened, as far as can be known.
    func commit() throws(PenstockError)

    /// Undoes the group.
    func rollback()

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
}

extension ItemTable {
    /// Returns the next number, which is greater than every other.
    public func nextNumber(after floor: Int64) throws(PenstockError) -> Int64 { try self.nextNumber() }
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

/// What an item is doing, as its row says.
///
/// A lease is not a state of the row in an embedded store: it lives in the memory of the one process that owns the
/// file, and dies with it.
public enum ItemState: String, Hashable, Sendable, Codable, CaseIterable {
    /// Waits for its due time, for a worker, or for somebody outside; or a worker holds it.
    case ready
    /// A run that waits for the result of one of its steps.
    case parked
    /// A run whose replay disagreed with its journal; it waits for mended code.
    case diverged
    /// Ended with a result.
    case completed
    /// Ended with a failure: a dead letter.
    case failed
    /// Ended because somebody cancelled it.
    case cancelled

    /// Whether nothing more happens to the item unless somebody asks for it.
    public var isSettled: Bool {
        switch self {
        case .ready, .parked, .diverged: false
        case .completed, .failed, .cancelled: true
        }
    }
}

/// One row of a store: a queue item, which is also a journal entry when a run called it, and a run when its queue is a
/// workflow's.
public struct ItemRecord: Sendable, Hashable {
    /// Where the item lives.
    public var id: ItemID
    /// The item's own number, under which its steps are filed if it is a run.
    ///
    /// Numbers only grow.
    public var number: Int64
    /// The queue, which has the name of the pipeline that it feeds.
    public var queue: String
    /// The key that a user chose; `nil` when nobody did.
    public var chosenKey: String?
    /// What the item is doing.
    public var state: ItemState
    /// Higher goes first.
    public var priority: Int
    /// When it may be worked on.
    public var due: Timestamp
    /// When it was pushed or called.
    public var created: Timestamp
    /// When it ended.
    public var settled: Timestamp?
    /// How many attempts have begun.
    public var attempt: Int
    /// The token of the lease that last changed the row.
    public var token: Int64
    /// The digest of the argument, with which a replay is compared.
    public var digest: UInt64
    /// The argument.
    public var payload: Payload
    /// The result of a completed item; the JSON of a ``Failure`` for a failed, cancelled or diverged one, and for one
    /// that waits to be tried again.
    public var result: Payload?
    /// The row of the run that called the item; `nil` for a root.
    public var caller: ItemID?
    /// The queue that receives the result under the same key, if the item was pushed with a return address.
    public var replyTo: String?

    /// Whether the item was to be worked on at once when it was made.
    ///
    /// It is not kept waiting when the clock is set back.
    package var isImmediate: Bool { self.due == self.created }

    /// The key that a user chose, or ``ItemID/key``.
    public var key: String { self.chosenKey ?? self.id.key }

    /// Makes a record.
    public init(
        id: ItemID,
        number: Int64,
        queue: String,
        key: String? = nil,
        state: ItemState = .ready,
        priority: Int = 0,
        due: Timestamp,
        created: Timestamp,
        settled: Timestamp? = nil,
        attempt: Int = 0,
        token: Int64 = 0,
        digest: UInt64,
        payload: Payload,
        result: Payload? = nil,
        caller: ItemID? = nil,
        replyTo: String? = nil
    ) {
        self.id = id
        self.number = number
        self.queue = queue
        self.chosenKey = key
        self.state = state
        self.priority = priority
        self.due = due
        self.created = created
        self.settled = settled
        self.attempt = attempt
        self.token = token
        self.digest = digest
        self.payload = payload
        self.result = result
        self.caller = caller
        self.replyTo = replyTo
    }

    /// The failure that a failed, cancelled or diverged item ended with, or that its last attempt ended with.
    public var failure: Failure? {
        guard self.state != .completed, let result = self.result else { return nil }
        return try? result.decode(as: Failure.self)
    }
}

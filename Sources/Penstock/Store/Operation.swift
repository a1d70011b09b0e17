/// One change to a store.
///
/// A ``Transaction`` is a list of them, and happens all or not at all.
///
/// Every operation is a compare-and-set: it names what it expects, and the transaction fails as a whole when that is
/// not what the store finds. Handing in a transaction again whose outcome is unknown is safe: what it did already is
/// recognised by its token and counts as done.
public enum Operation: Sendable {
    /// Adds a root item.
    case push(NewItem)
    /// Adds a step to the journal of a run, which is an item in the queue of the pipeline that was called.
    case call(NewStep)
    /// Ends a lease in one of the ways there are.
    case settle(LeaseReference, Settlement)
    /// Settles an item that nobody holds: the result of an external task.
    case resolve(ItemReference, Resolution)
    /// Adds an element to the JSON list that is kept under a key; the key is made with the first element.
    case append(queue: String, key: String, element: Payload)
    /// Takes an item that nobody holds out of its queue.
    case pop(ItemReference)
    /// Takes every root item that nobody holds out of a queue.
    case clear(queue: String)
    /// Cancels a step whose run has ended without waiting for it; nothing when the step has ended too.
    case abandon(ItemID)
    /// Does what an operator asks for.
    case control(ItemReference, ControlVerb)
    /// Does work that only one kind of store understands, such as the user's own SQL.
    case work(any StoreWork)
}

/// Work that one kind of store can do inside a transaction; other stores refuse it.
///
/// `PenstockSQLite` has one for the user's own SQL.
public protocol StoreWork: Sendable {
    /// What kind of store can do it, for the message of a store that cannot.
    var kind: String { get }
}

/// What happens when a key that is to be pushed is in its queue already.
public enum DuplicatePolicy: String, Sendable, Hashable, Codable {
    /// Leave the item that is there alone, and answer with its address: a push that is repeated has one effect.
    case ignore
    /// Throw ``PenstockError/Code/duplicateKey``.
    case refuse
    /// Put the new value in its place; refused while a worker holds the item or it is a run that has begun.
    case replace
}

/// What to do when a queue is full.
public enum FullPolicy: String, Sendable, Hashable, Codable {
    /// Wait until there is room.
    case wait
    /// Throw ``PenstockError/Code/queueFull``.
    case refuse
}

/// A root item to be pushed.
public struct NewItem: Sendable {
    /// The queue.
    public var queue: String
    /// The key; `nil` lets the store choose ``ItemID/key``.
    public var key: String?
    /// The argument.
    public var payload: Payload
    /// Higher goes first.
    public var priority: Int
    /// When it may be worked on; `nil` is now.
    public var due: Timestamp?
    /// The queue that receives the result under the same key.
    public var replyTo: String?
    /// What happens when the key is there already.
    public var onDuplicate: DuplicatePolicy
    /// How many unsettled items the queue may hold; `nil` is no bound of the queue's own.
    public var capacity: Int?
    /// What the writer does when it holds as many; a store always refuses.
    public var whenFull: FullPolicy

    /// Makes an item to be pushed.
    public init(
        queue: String,
        key: String? = nil,
        payload: Payload,
        priority: Int = 0,
        due: Timestamp? = nil,
        replyTo: String? = nil,
        onDuplicate: DuplicatePolicy = .ignore,
        capacity: Int? = nil,
        whenFull: FullPolicy = .wait
    ) {
        self.queue = queue
        self.key = key
        self.payload = payload
        self.priority = priority
        self.due = due
        self.replyTo = replyTo
        self.onDuplicate = onDuplicate
        self.capacity = capacity
        self.whenFull = whenFull
    }
}

/// A step to be added to a run's journal.
public struct NewStep: Sendable {
    /// Where it is filed.
    public var id: ItemID
    /// The row of the run that makes the call.
    public var caller: ItemID
    /// The name of the pipeline that is called; for a recorded value, what was recorded, beginning with `~`.
    public var queue: String
    /// The argument.
    public var payload: Payload
    /// The digest of this call and of all before it in the journal; see ``digest(of:_:after:)``.
    public var digest: UInt64
    /// Higher goes first.
    public var priority: Int
    /// A result that is known already: the step is a value that the workflow asked its context for.
    public var result: Payload?

    /// Makes a step to be added.
    public init(
        id: ItemID,
        caller: ItemID,
        queue: String,
        payload: Payload,
        digest: UInt64,
        priority: Int = 0,
        result: Payload? = nil
    ) {
        self.id = id
        self.caller = caller
        self.queue = queue
        self.payload = payload
        self.digest = digest
        self.priority = priority
        self.result = result
    }
}

extension NewStep {
    /// What stands in the journal, in the place of the callee, for a step that was damaged and was set aside.
    ///
    /// No workflow calls it, so a replay stops there instead of running the step again.
    package static let quarantined = "~quarantined"

    /// The link of a journal's chain: the digest of a call and of all that came before it.
    ///
    /// `previous` is the digest of the step before, or of the run's own argument.
    package static func digest(of callee: String, _ argument: Payload, after previous: UInt64) -> UInt64 {
        var digest = Digest(continuing: previous)
        digest.add(Array(callee.utf8))
        digest.add(argument.bytes)
        return digest.value
    }
}

/// A claim on an item: its address, and the fencing token under which it was claimed.
public struct LeaseReference: Hashable, Sendable {
    /// The item.
    public let id: ItemID
    /// The token.
    ///
    /// Tokens only grow, through every restart; the store accepts a change only from the newest.
    public let token: Int64

    /// Makes a reference from its parts.
    public init(id: ItemID, token: Int64) {
        self.id = id
        self.token = token
    }
}

/// How a lease ends.
public enum Settlement: Sendable, Hashable {
    /// The item ended with a result, which is kept in its row and sent to its return address.
    ///
    /// The run that called the item is woken, unless it is held under the lease `heardBy`: whoever holds it under that
    /// lease has the result already.
    case complete(Payload, heardBy: LeaseReference? = nil)
    /// The item was a message and has been received: its row goes.
    case consume
    /// The item ended with a failure, which is kept in its row.
    ///
    /// `heardBy` is as above.
    case fail(Failure, heardBy: LeaseReference? = nil)
    /// The item is to be tried again, not before `after` has passed by the store's clock.
    case retry(after: Duration, Failure)
    /// The item goes back untouched, and the attempt does not count.
    case release
    /// The item is a run that waits for steps that end by themselves: nothing is written, and the lease goes on.
    ///
    /// A process that dies from here on has not died over the run. Its row says that it is ready, so after a crash it
    /// is rebuilt at once; ``park(news:)`` is for what may wait long.
    case rest
    /// The item is a run that waits for its steps; `news` is how many wake-ups its holder has seen.
    ///
    /// When more have come, the run stays ready. The lease goes on: a parked run stays with its holder until it is
    /// released.
    case park(news: Int)
    /// The item is a run whose replay disagreed with its journal.
    case diverge(Failure)
}

/// Which item: by its address, or by queue and key.
public enum ItemReference: Hashable, Sendable {
    /// By its address.
    case id(ItemID)
    /// By queue and key. Keys that Penstock made are understood.
    case key(queue: String, String)
}

/// How an external task ends.
public enum Resolution: Sendable, Hashable {
    /// With a result.
    case resolve(Payload)
    /// With a failure.
    case reject(Failure)
}

/// What an operator can ask of an item or a run.
public enum ControlVerb: String, Sendable, Hashable, Codable, CaseIterable {
    /// End it now as cancelled, and everything that it called; refused when it has ended.
    case cancel
    /// Forget its journal and begin again; refused when the run that called it has gone on without it.
    case restart
    /// Try a failed item again with a fresh count of attempts; a failed run goes on after its last good step.
    case retry
    /// Replay a diverged run, now that the code is mended.
    case resume
    /// Remove it and its journal; refused while it is at work.
    case delete
}

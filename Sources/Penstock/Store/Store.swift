/// What holds queues and journals, and commits.
///
/// This is the whole contract: eleven calls, and a twelfth that need not be implemented. It is written so that one
/// process with a file, and any number of processes with a database server, can both keep it; the conformance suite in
/// PenstockTesting is the executable form.
///
/// - **Acknowledged means durable.** When ``commit(_:)`` returns, the transaction has happened and will still have
///   happened after a power failure, unless the store was opened in a weaker mode by name.
/// - **All or none.** When it throws anything but ``PenstockError/Code/storeUnavailable``, nothing has happened. After
///   that one the outcome is unknown, and handing in the same transaction again settles it.
/// - **Order.** Items of a queue are leased by priority (higher first), then due time, then number.
public protocol Store: AnyObject, Sendable {
    /// The clock, entropy, scheduler and ear that the store was opened with.
    var environment: RuntimeEnvironment { get }

    /// Applies a transaction, all or none, and returns once it is durable.
    ///
    /// Transactions that arrive while another is being made durable form the next group and share its cost.
    /// - Returns: the address of the item for each operation that names one, in order.
    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt

    /// Hands in a transaction and returns at once.
    ///
    /// It is ``commit(_:)`` for a caller that has no task to wait with. There is an implementation that has one wait;
    /// a store that can do without is faster for it.
    ///
    /// - Parameter completion: Hears of the outcome, once, on a thread of the store's: it must be brief and not wait.
    func submit(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
    )

    /// Leases up to `request.limit` items, waiting until there is at least one.
    ///
    /// An attempt counts from here, whatever becomes of the process. A call that throws has leased nothing.
    /// - Throws: ``PenstockError/Code/storeClosed``, also when the task is cancelled.
    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem]

    /// Moves the end of leases to `duration` from now; `nil` means as long as the process lives.
    func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError)

    /// Gives an item back to the store without a change to its row; nothing happens when the lease has ended.
    ///
    /// It is for a run that waits; with `.max` for `news`, it is for whoever cannot record what became of an item.
    /// - Returns: `false` when a step of the run has ended since `news` wake-ups; the lease then goes on.
    func relinquish(_ lease: LeaseReference, news: Int) async -> Bool

    /// Waits until there is news of what `holder` holds: steps of its runs that were settled from elsewhere, or an end
    /// from outside.
    ///
    /// News is told once, so one task listens for each holder. A call that throws has told none: what it would have
    /// told, the next one tells.
    func news(for holder: Holder) async throws(PenstockError) -> [RunNews]

    /// Waits until the item has ended, and returns its row; `nil` when there is no such item (any more).
    func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord?

    /// Waits until the queue holds fewer than `capacity` unsettled items.
    func room(in queue: String, below capacity: Int) async throws(PenstockError)

    /// Reads one item; `nil` when there is none.
    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord?

    /// Reads a page of items.
    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord]

    /// Counts the unsettled items of every queue that has had any since the store was opened.
    func counts() async throws(PenstockError) -> [QueueCount]

    /// Ends all waits, finishes what was handed in, and lets go of the files.
    func close() async
}

extension Store {
    /// Has a task wait for the outcome of a commit.
    public func submit(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
    ) {
        self.environment.task {
            do throws(PenstockError) {
                completion(.success(try await self.commit(transaction)))
            } catch {
                completion(.failure(error))
            }
        }
    }
}

/// Who holds leases and wants to hear of them: an engine, for as long as it lives.
public struct Holder: Hashable, Sendable {
    /// A number that no other holder has.
    public let number: UInt64

    /// Makes a holder from its number.
    public init(number: UInt64) {
        self.number = number
    }
}

/// What to lease.
public struct ReserveRequest: Sendable {
    /// Which of the ready items.
    public enum Choice: Sendable {
        /// The next ones in order.
        case next
        /// The one with this key.
        case key(String)
        /// The next one that satisfies a predicate; the store looks at the waiting items one after the other.
        case matching(@Sendable (ItemRecord) -> Bool)
    }

    /// The queue.
    public var queue: String
    /// The most items to lease; at least 1.
    public var limit: Int
    /// How long the lease lasts; `nil` is as long as the process lives.
    public var duration: Duration?
    /// Which items.
    public var choice: Choice
    /// Whether to wait until there is something; otherwise the answer may be empty.
    public var waits: Bool
    /// Who is to hear what happens to the items meanwhile; `nil` is nobody.
    public var holder: Holder?

    /// Makes a request.
    public init(
        queue: String,
        limit: Int = 1,
        duration: Duration? = nil,
        choice: Choice = .next,
        waits: Bool = true,
        holder: Holder? = nil
    ) {
        self.holder = holder
        self.queue = queue
        self.limit = limit
        self.duration = duration
        self.choice = choice
        self.waits = waits
    }
}

/// An item and the claim on it.
public struct LeasedItem: Sendable {
    /// The item as it was when it was leased, with this attempt counted; its token is the one before this lease, or 0.
    public let record: ItemRecord
    /// The claim.
    public let lease: LeaseReference
    /// How many wake-ups the run has had under this lease; see ``Settlement/park(news:)``.
    public let news: Int
    /// Whether it is certain that the item, if it is a run, has no journal yet.
    public let isFresh: Bool

    /// Makes a leased item.
    public init(record: ItemRecord, lease: LeaseReference, news: Int = 0, isFresh: Bool = false) {
        self.record = record
        self.lease = lease
        self.news = news
        self.isFresh = isFresh
    }
}

/// What happened to a run that this process holds.
public struct RunNews: Sendable, Hashable {
    /// The lease under which the run is held; what happened under an earlier lease does not concern its holder.
    public let lease: LeaseReference
    /// How many wake-ups it has had under that lease.
    public let news: Int
    /// The steps that have been settled; reading one again does no harm.
    public let steps: Set<Int>
    /// Whether the lease is gone, because somebody cancelled, restarted or deleted the run.
    public let isOver: Bool

    /// The run's row.
    public var id: ItemID { self.lease.id }

    /// Makes a piece of news.
    public init(lease: LeaseReference, news: Int, steps: Set<Int>, isOver: Bool) {
        self.lease = lease
        self.news = news
        self.steps = steps
        self.isOver = isOver
    }
}

extension RunNews {
    /// This piece of news and an earlier one of the same lease, as one.
    package func following(_ earlier: RunNews?) -> RunNews {
        let steps = self.steps.union(earlier?.steps ?? [])
        return RunNews(lease: self.lease, news: self.news, steps: steps, isOver: self.isOver)
    }
}

/// Which items to read, and how far.
public struct ItemQuery: Sendable {
    /// Which rows.
    public enum Scope: Sendable, Hashable {
        /// The unsettled items of one queue, in the order in which they would be leased.
        case waiting(queue: String)
        /// The root items of one queue, or of all, newest first; pages go on `before` a number.
        case roots(queue: String?)
        /// The steps of one run in order; pages go on after a step.
        case journal(root: Int64, run: Int64)
    }

    /// Which rows.
    public var scope: Scope
    /// Only rows in these states; empty is all.
    public var states: Set<ItemState>
    /// Go on after this row.
    public var after: ItemRecord?
    /// The most rows in the page; at most 1,000.
    public var limit: Int
    /// Whether rows that are not what was stored are wanted too, by somebody who is going to remove or overwrite them.
    package var includesDamaged = false

    /// Makes a query.
    public init(_ scope: Scope, states: Set<ItemState> = [], after: ItemRecord? = nil, limit: Int = 1000) {
        self.scope = scope
        self.states = states
        self.after = after
        self.limit = min(max(limit, 1), 1000)
    }
}

/// How many unsettled items a queue has.
public struct QueueCount: Sendable, Hashable, Codable {
    /// The queue.
    public let queue: String
    /// Items that wait for their due time or a worker.
    public let ready: Int
    /// Items that a worker holds.
    public let leased: Int
    /// Runs that wait for their steps, or for mended code.
    public let parked: Int

    /// All of them.
    public var total: Int { self.ready + self.leased + self.parked }

    /// Makes a count.
    public init(queue: String, ready: Int, leased: Int, parked: Int) {
        self.queue = queue
        self.ready = ready
        self.leased = leased
        self.parked = parked
    }
}

/// What a committed transaction did.
public struct Receipt: Sendable {
    /// For each operation, the address of the item it made or changed; `nil` for one that names none.
    public let ids: [ItemID?]
    /// For each operation, whether it found its work done already: a push of a key that was there.
    public let wasThere: [Bool]

    /// Makes a receipt.
    public init(ids: [ItemID?], wasThere: [Bool]) {
        self.ids = ids
        self.wasThere = wasThere
    }
}

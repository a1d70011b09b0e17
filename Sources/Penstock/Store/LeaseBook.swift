/// Who holds what, as a transaction sees it that is being applied.
///
/// An embedded store answers from the memory of its one process; a store of many processes answers from its rows.
package protocol LeaseBook {
    /// The claim on an item; `nil` when nobody holds it.
    func hold(on id: ItemID) throws(PenstockError) -> Hold?

    /// Puts an item out of reach of workers until the transaction has ended; `false` when somebody holds it.
    func withhold(_ record: ItemRecord) throws(PenstockError) -> Bool

    /// Gives back what was withheld for a transaction that has failed.
    /// - Returns: the queues in which items are ready again.
    func restore(_ ids: [ItemID]) -> Set<String>

    /// How many unsettled items a queue has, without those of the group that is being applied.
    func unsettled(in queue: String) throws(PenstockError) -> Int

    /// Hears of each change of the transaction as it is made; one that is undone was made under a savepoint.
    func note(_ change: IndexChange)

    /// A token for a change to a row that is made without a lease: greater than every one it has had.
    func token(after record: ItemRecord) throws(PenstockError) -> Int64
}

extension LeaseBook {
    /// Does nothing: it is told again once the transaction is durable.
    package func note(_ change: IndexChange) {}
}

/// A claim that somebody holds.
package struct Hold {
    /// The fencing token of the claim.
    package let token: Int64
    /// The queue of the item.
    package let queue: String
    /// The attempt that the claim counts as.
    package let attempt: Int
    /// How many wake-ups have come since the lease began.
    package var news = 0
    /// What the row says: ready until it is parked.
    package var state: ItemState = .ready
    /// Whether its time is over, which is about to be recorded.
    package var isOver = false
    /// Who hears of what happens to it.
    package let holder: Holder?
    /// Needed when the item goes back untouched.
    package let item: ReadyItem

    package init(
        token: Int64,
        queue: String,
        attempt: Int,
        news: Int = 0,
        state: ItemState = .ready,
        isOver: Bool = false,
        holder: Holder?,
        item: ReadyItem
    ) {
        self.token = token
        self.queue = queue
        self.attempt = attempt
        self.news = news
        self.state = state
        self.isOver = isOver
        self.holder = holder
        self.item = item
    }
}

extension IndexBox: LeaseBook {
    package func hold(on id: ItemID) -> Hold? {
        self.withLock { $0.holds[id] }
    }

    package func withhold(_ record: ItemRecord) -> Bool {
        self.withLock { $0.withhold(record.id) }
    }

    package func restore(_ ids: [ItemID]) -> Set<String> {
        self.withLock { index in Set(ids.compactMap { index.restore($0) }) }
    }

    package func unsettled(in queue: String) -> Int {
        self.withLock { index in
            guard let entry = index.queues[queue] else { return 0 }
            return entry.ready + entry.leased + entry.parked
        }
    }

    package func token(after record: ItemRecord) -> Int64 {
        self.withLock { $0.nextToken() }
    }
}

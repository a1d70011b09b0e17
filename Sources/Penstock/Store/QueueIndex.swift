/// What an embedded store knows of its queues without reading a row: what is ready, who holds what, and how many.
///
/// It is a pure value: it is told what was committed and answers who may work on what. It never waits, reads a clock or
/// touches a row. Every operation costs a few comparisons, at any length of a queue.
package struct QueueIndex {
    /// One queue.
    struct Entry {
        /// By priority, highest first; the few that are in use.
        var lanes: [(priority: Int, lane: Lane)] = []
        var ready = 0
        var leased = 0
        var parked = 0
    }

    var queues: [String: Entry] = [:]
    private(set) var holds: [ItemID: Hold] = [:]
    /// The ready items that lanes keep.
    ///
    /// An item of a lane that is not here is stale and is passed over.
    var live: [ItemID: ReadyItem] = [:]
    /// Items that a transaction is about to change; with the entry that was taken out of its lane, if it was in one.
    private var withheld: [ItemID: ReadyItem?] = [:]
    private var lastToken: Int64
    /// When the last item was made that is to be worked on at once; a clock that says less has been set back.
    var latest = Timestamp.distantPast
    /// The ends of the leases that have one.
    private var ends: [ItemID: Duration] = [:]

    /// Makes an index whose tokens are greater than those of every earlier epoch.
    init(epoch: Int64) {
        self.lastToken = epoch << 40
    }

    // MARK: Leasing

    /// Leases up to `request.limit` ready items of a queue that are due.
    mutating func reserve(
        _ request: ReserveRequest,
        now: Timestamp,
        uptime: Duration
    ) -> [(item: ReadyItem, token: Int64)] {
        let expires = request.duration.map { uptime + $0 }
        var leases: [(item: ReadyItem, token: Int64)] = []
        while leases.count < max(request.limit, 1), let item = self.takeFirst(queue: request.queue, now: now) {
            leases.append((item, self.hold(item, for: request.holder, expires: expires)))
        }
        return leases
    }

    /// Leases one item that the caller has read from the store, unless somebody holds it or is changing it.
    mutating func reserve(_ record: ItemRecord, _ request: ReserveRequest, now: Timestamp, uptime: Duration) -> Int64? {
        guard record.state == .ready, record.due <= now || record.isImmediate else { return nil }
        guard self.holds[record.id] == nil, self.withheld[record.id] == nil else { return nil }
        self.live[record.id] = nil
        return self.hold(ReadyItem(record), for: request.holder, expires: request.duration.map { uptime + $0 })
    }

    private mutating func hold(_ item: ReadyItem, for holder: Holder?, expires: Duration?) -> Int64 {
        self.lastToken += 1
        self.holds[item.id] = Hold(
            token: self.lastToken,
            queue: item.queue,
            attempt: item.attempt + 1,
            holder: holder,
            item: item
        )
        if let expires { self.ends[item.id] = expires }
        self.queues[item.queue, default: Entry()].leased += 1
        self.queues[item.queue, default: Entry()].ready -= 1
        return self.lastToken
    }

    private mutating func takeFirst(queue: String, now: Timestamp) -> ReadyItem? {
        guard let count = self.queues[queue]?.lanes.count else { return nil }
        for index in 0..<count {
            while let item = self.queues[queue]?.lanes[index].lane.first {
                let isLive = self.live[item.id] === item
                if isLive, item.position.due > now {
                    guard now < self.latest, let item = self.takeImmediate(queue: queue, lane: index) else { break }
                    return item
                }
                _ = self.queues[queue]?.lanes[index].lane.removeFirst()
                guard isLive else { continue }
                self.live[item.id] = nil
                return item
            }
        }
        return nil
    }

    /// Takes an item that does not wait for any time, past those that do.
    private mutating func takeImmediate(queue: String, lane index: Int) -> ReadyItem? {
        while let item = self.queues[queue]?.lanes[index].lane.removeFirstImmediate() {
            guard self.live[item.id] === item else { continue }
            self.live[item.id] = nil
            return item
        }
        return nil
    }

    /// Returns a fresh token, for a change that is made without a lease.
    mutating func nextToken() -> Int64 {
        self.lastToken += 1
        return self.lastToken
    }

    /// Moves the end of a lease; `false` when it has ended.
    mutating func extend(_ lease: LeaseReference, expires: Duration?) -> Bool {
        guard let hold = self.holds[lease.id], hold.token == lease.token, !hold.isOver else { return false }
        self.ends[lease.id] = expires
        return true
    }

    /// Has a lease that is over end once more, because that could not be recorded; `false` when it has been since.
    mutating func expireAgain(_ lease: LeaseReference, at end: Duration) -> Bool {
        guard self.holds[lease.id]?.token == lease.token else { return false }
        self.ends[lease.id] = end
        return true
    }

    /// Ends the lease of a run that waits, unless it has had news since `news` wake-ups.
    /// - Returns: whether the lease is over, and the queue in which the run is ready now, if it is.
    mutating func relinquish(_ lease: LeaseReference, news: Int) -> (isBack: Bool, readied: String?) {
        guard let hold = self.holds[lease.id], hold.token == lease.token, !hold.isOver else { return (true, nil) }
        guard hold.news <= news else { return (false, nil) }
        self.giveUp(lease)
        return (true, hold.state == .ready ? hold.queue : nil)
    }

    /// Ends a lease under which nothing was written: the item is where it was.
    ///
    /// One whose time is over goes on until that is recorded; otherwise it would be news of the next one.
    mutating func giveUp(_ lease: LeaseReference) {
        guard let hold = self.holds[lease.id], hold.token == lease.token, !hold.isOver else { return }
        self.holds[lease.id] = nil
        self.ends[lease.id] = nil
        guard hold.state == .ready else { return }
        self.queues[hold.queue]?.leased -= 1
        self.queues[hold.queue]?.ready += 1
        self.insert(hold.item.unread)
    }

    /// Takes over what was read under a claim that was made on an older reading of the row.
    mutating func correct(_ lease: LeaseReference, by record: ItemRecord) {
        guard let hold = self.holds[lease.id], hold.token == lease.token else { return }
        guard hold.attempt != record.attempt + 1 || hold.item.position.due != record.due else { return }
        self.holds[lease.id] = Hold(
            token: hold.token,
            queue: hold.queue,
            attempt: record.attempt + 1,
            news: hold.news,
            state: hold.state,
            isOver: hold.isOver,
            holder: hold.holder,
            item: ReadyItem(record)
        )
    }

    /// Forgets a claim on an item that turned out to have ended before it was claimed.
    mutating func drop(_ lease: LeaseReference) {
        guard self.holds[lease.id]?.token == lease.token, let hold = self.holds.removeValue(forKey: lease.id) else {
            return
        }
        self.ends[lease.id] = nil
        self.queues[hold.queue]?.leased -= 1
        self.queues[hold.queue]?.ready += 1
    }

    /// Takes out the leases that have ended by the clock; they hold until that is recorded.
    mutating func takeExpired(at uptime: Duration) -> [LeaseReference] {
        let expired = self.ends.filter { $0.value <= uptime }.keys.sorted()
        return expired.compactMap { id in
            self.ends[id] = nil
            self.holds[id]?.isOver = true
            return self.holds[id].map { LeaseReference(id: id, token: $0.token) }
        }
    }

    // MARK: Transactions

    /// Takes an item that is about to be changed out of reach of workers; `false` when somebody holds it.
    mutating func withhold(_ id: ItemID) -> Bool {
        guard self.holds[id] == nil else { return false }
        guard self.withheld[id] == nil else { return true }
        self.withheld[id] = .some(self.live.removeValue(forKey: id))
        return true
    }

    /// Puts back what a transaction that failed had withheld.
    /// - Returns: the queue in which the item is ready again, if it is.
    mutating func restore(_ id: ItemID) -> String? {
        guard let entry = self.withheld.removeValue(forKey: id), let item = entry else { return nil }
        self.insert(item)
        return item.queue
    }

    /// Whether an item is known to have not ended.
    func isOpen(_ id: ItemID) -> Bool { self.holds[id] != nil || self.live[id] != nil }

    /// Learns what a committed transaction did to one item.
    /// - Returns: the holder's news, if the item is held and the holder wants to know.
    mutating func apply(_ change: IndexChange) -> (holder: Holder, news: RunNews)? {
        // Both are empty most of the time, and to look into an empty dictionary still costs a hash.
        if !self.withheld.isEmpty { self.withheld[change.id] = nil }
        let hold = self.holds[change.id]
        if change.isNew, hold != nil {
            // Somebody has read the row since it was committed, and holds it already.
            self.count(queue: change.queue, state: .ready, held: false, by: 1)
            return nil
        }
        if change.movesRow { self.move(change, hold: hold) }
        if hold != nil, change.endsLease {
            self.holds[change.id] = nil
            if !self.ends.isEmpty { self.ends[change.id] = nil }
        }
        if change.to == .ready, self.holds[change.id] == nil, let item = change.item { self.insert(item) }
        guard var hold, change.newsOf != nil || (change.endsLease && change.isForced) else { return nil }
        hold.news += 1
        if !change.endsLease { self.holds[change.id]?.news = hold.news }
        guard let holder = hold.holder else { return nil }
        let news = RunNews(
            lease: LeaseReference(id: change.id, token: hold.token),
            news: hold.news,
            steps: change.newsOf.map { [$0] } ?? [],
            isOver: change.endsLease
        )
        return (holder, news)
    }

    /// Moves an item from one count to another.
    private mutating func move(_ change: IndexChange, hold: Hold?) {
        if let hold {
            self.count(queue: change.queue, state: hold.state, held: true, by: -1)
            if let to = change.to { self.holds[change.id]?.state = to }
        } else if let from = change.from {
            self.live[change.id] = nil
            self.count(queue: change.queue, state: from, held: false, by: -1)
        }
        guard let to = change.to else { return }
        self.count(queue: change.queue, state: to, held: hold != nil && !change.endsLease, by: 1)
    }

    private mutating func count(queue: String, state: ItemState, held: Bool, by amount: Int) {
        switch (state, held) {
        case (.ready, true): self.queues[queue, default: Entry()].leased += amount
        case (.ready, false): self.queues[queue, default: Entry()].ready += amount
        case (.parked, _), (.diverged, _): self.queues[queue, default: Entry()].parked += amount
        case (.completed, _), (.failed, _), (.cancelled, _): break
        }
    }

    /// When the next lease ends; `nil` when none does.
    func nextExpiry() -> Duration? {
        self.ends.values.min()
    }
}

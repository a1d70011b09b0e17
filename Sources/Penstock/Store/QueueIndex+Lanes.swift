/// The lanes of an index: filling them, reading on, and what falls due next.
extension QueueIndex {
    /// Takes over what a store found in one lane when it was opened.
    mutating func open(_ lane: LaneCount) {
        self.queues[lane.queue, default: Entry()].ready += lane.count
        let start = LanePosition(due: .distantPast, number: 0)
        self.insert(lane: Lane(horizon: start), priority: lane.priority, queue: lane.queue)
    }

    /// Takes over the number of runs that a store found parked when it was opened.
    mutating func open(queue: String, parked: Int) {
        self.queues[queue, default: Entry()].parked += parked
    }

    /// The lanes that have run low while the store has more.
    func lanesToRefill() -> [(queue: String, priority: Int, horizon: LanePosition)] {
        self.queues.sorted { $0.key < $1.key }.flatMap { queue, entry in
            entry.lanes.compactMap { priority, lane in
                guard lane.isLow, let horizon = lane.horizon else { return nil }
                return (queue, priority, horizon)
            }
        }
    }

    /// Whether `queue` has a lane that has run low.
    func isLow(_ queue: String) -> Bool {
        self.queues[queue]?.lanes.contains { $0.lane.isLow } ?? false
    }

    /// Takes over rows that were read for a lane that had run low.
    mutating func refill(queue: String, priority: Int, with records: [ItemRecord], limit: Int) {
        guard let index = self.queues[queue]?.lanes.firstIndex(where: { $0.priority == priority }) else { return }
        let items = records.map { ReadyItem($0) }
        for item in items where self.holds[item.id] == nil { self.live[item.id] = item }
        for item in items where item.isImmediate { self.latest = max(self.latest, item.position.due) }
        self.queues[queue]?.lanes[index].lane.refill(items, limit: limit)
    }

    /// Adds a ready item to its lane.
    mutating func insert(_ item: ReadyItem) {
        if item.isImmediate { self.latest = max(self.latest, item.position.due) }
        // Nothing here may hold on to the lanes while one of them changes: that would copy it.
        guard let index = self.queues[item.queue]?.lanes.firstIndex(where: { $0.priority == item.priority }) else {
            var lane = Lane()
            _ = lane.insert(item)
            self.live[item.id] = item
            return self.insert(lane: lane, priority: item.priority, queue: item.queue)
        }
        guard self.queues[item.queue]?.lanes[index].lane.insert(item) == true else { return }
        self.live[item.id] = item
        for dropped in self.queues[item.queue]?.lanes[index].lane.trim() ?? [] where self.live[dropped.id] === dropped {
            self.live[dropped.id] = nil
        }
    }

    private mutating func insert(lane: Lane, priority: Int, queue: String) {
        let place = self.queues[queue]?.lanes.firstIndex { $0.priority < priority }
        self.queues[queue, default: Entry()].lanes.insert((priority, lane), at: place ?? self.lanes(of: queue))
    }

    private func lanes(of queue: String) -> Int { self.queues[queue]?.lanes.count ?? 0 }

    /// When the next item of a queue that is ready, but not due, falls due; `nil` when none is known.
    func nextDue(in queue: String) -> Timestamp? {
        self.queues[queue]?.lanes.compactMap { $0.lane.first?.position.due }.min()
    }
}

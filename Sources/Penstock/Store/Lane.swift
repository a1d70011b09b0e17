/// Where a ready item stands in its lane: by due time, then by number.
public struct LanePosition: Hashable, Comparable, Sendable {
    /// When the item is due.
    public let due: Timestamp
    /// Its number, which breaks ties in the order of pushing.
    public let number: Int64

    /// Makes a position.
    public init(due: Timestamp, number: Int64) {
        self.due = due
        self.number = number
    }

    /// Orders positions by due time, then by number.
    public static func < (left: LanePosition, right: LanePosition) -> Bool {
        left.due == right.due ? left.number < right.number : left.due < right.due
    }
}

/// A ready item as the index keeps it.
package final class ReadyItem: Sendable {
    package let id: ItemID
    package let queue: String
    package let priority: Int
    package let position: LanePosition
    /// How many attempts have begun.
    package let attempt: Int
    /// The run that waits for the result, if a run called the item.
    package let caller: ItemID?
    /// Whether the result goes to another queue.
    package let replies: Bool
    /// Whether it was to be worked on at once when it was made, whatever the clock says now.
    package let isImmediate: Bool
    /// Whether nobody has held the item yet: it came since the store was opened, and has been in memory since.
    package let isNew: Bool
    /// The row, when it is small and was at hand; otherwise it is read when the item is leased.
    package let record: ItemRecord?

    /// Makes an entry from a row that is at hand, without keeping a large payload in memory.
    package init(_ record: ItemRecord, isNew: Bool = false) {
        self.isNew = isNew
        self.isImmediate = record.isImmediate
        self.id = record.id
        self.queue = record.queue
        self.priority = record.priority
        self.position = LanePosition(due: record.due, number: record.number)
        self.attempt = record.attempt
        self.caller = record.caller
        self.replies = record.replyTo != nil
        self.record = record.payload.bytes.count <= Self.inlineBytes ? record : nil
    }

    /// The same entry, whose row has to be read again.
    package var unread: ReadyItem { ReadyItem(self) }

    private init(_ item: ReadyItem) {
        (self.id, self.queue, self.priority, self.position) = (item.id, item.queue, item.priority, item.position)
        (self.attempt, self.caller, self.replies, self.record) = (item.attempt, item.caller, item.replies, nil)
        self.isNew = false
        self.isImmediate = item.isImmediate
    }

    /// Payloads up to this many bytes stay in memory with their entry.
    static let inlineBytes = 512
}

/// The ready items of one priority of one queue, soonest first, as far as memory allows.
///
/// A lane keeps the items before its horizon; those after it are in the store only and are read when the lane runs
/// low. So a backlog of any length costs bounded memory, and leasing the next item costs the same at any length.
struct Lane {
    /// How many items a lane keeps; it may grow to twice as many before it gives half of them up.
    ///
    /// A few megabytes.
    static let capacity = 8192

    /// Items before the horizon: a binary heap, soonest first.
    private var heap: [ReadyItem] = []

    /// Items at or after this place are in the store only; `nil` when the lane has them all.
    private(set) var horizon: LanePosition?

    /// Makes a lane; `horizon` is where the items begin that are in the store only.
    init(horizon: LanePosition? = nil) {
        self.horizon = horizon
    }

    var isEmpty: Bool { self.heap.isEmpty }

    /// The soonest item.
    var first: ReadyItem? { self.heap.first }

    /// Whether it is time to read on in the store.
    var isLow: Bool { self.horizon != nil && self.heap.count < Self.capacity / 4 }

    /// Adds an item, or leaves it to the store when it lies beyond the horizon.
    /// - Returns: whether the lane keeps it.
    mutating func insert(_ item: ReadyItem) -> Bool {
        if let horizon = self.horizon, item.position >= horizon { return false }
        self.append(item)
        return true
    }

    /// Gives up the later half of a lane that has grown to twice its capacity.
    /// - Returns: the items that are in the store only from now on.
    mutating func trim() -> ArraySlice<ReadyItem> {
        guard self.heap.count >= 2 * Self.capacity else { return [] }
        // A sorted array is a heap, so nothing needs to be rebuilt.
        self.heap.sort { $0.position < $1.position }
        let dropped = self.heap[Self.capacity...]
        self.heap = Array(self.heap[..<Self.capacity])
        self.horizon = dropped.first?.position ?? self.horizon
        return dropped
    }

    /// Takes the soonest item.
    mutating func removeFirst() -> ReadyItem? {
        guard let first = self.heap.first else { return nil }
        let last = self.heap.removeLast()
        if !self.heap.isEmpty {
            self.heap[0] = last
            self.siftDown()
        }
        return first
    }

    /// Takes the soonest item that was to be worked on at once, looking at all of them.
    mutating func removeFirstImmediate() -> ReadyItem? {
        let places = self.heap.indices.filter { self.heap[$0].isImmediate }
        guard let place = places.min(by: { self.heap[$0].position < self.heap[$1].position }) else { return nil }
        let item = self.heap.remove(at: place)
        // A sorted array is a heap.
        self.heap.sort { $0.position < $1.position }
        return item
    }

    /// Takes over what was read from the store, in order; fewer than `limit` items mean that there are no more.
    mutating func refill(_ items: [ReadyItem], limit: Int) {
        for item in items { self.append(item) }
        guard items.count >= limit, let last = items.last else {
            self.horizon = nil
            return
        }
        self.horizon = LanePosition(due: last.position.due, number: last.position.number + 1)
    }

    private mutating func append(_ item: ReadyItem) {
        self.heap.append(item)
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].position < self.heap[parent].position else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count {
                if self.heap[child].position < self.heap[least].position { least = child }
            }
            guard least != parent else { return }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }
}

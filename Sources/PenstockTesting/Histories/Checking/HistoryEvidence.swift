import Penstock

/// What can be told of transactions whose outcome nobody has heard, from what was seen of them later.
struct HistoryEvidence {
    /// Where a push stands: the place of its call, and its own among the changes.
    private struct Place: Hashable {
        let event: Int
        let change: Int
    }

    private struct Content: Hashable {
        let queue: String
        let key: String?
        let value: String
    }

    /// The calls that have happened, because something of them was seen that nobody else can have made.
    private(set) var certain: Set<Int> = []
    /// Addresses that were seen, and that no push can have made.
    private(set) var inventions: [String] = []
    /// The addresses of the items that pushes without an answer may have made.
    private var births: [Place: String] = [:]

    private var pushes: [Content: Int] = [:]
    private var unknown: [Content: [Place]] = [:]
    /// How many lists may have been begun by those who have not heard so.
    private var lists: [ItemName: Int] = [:]

    init(_ history: History, _ names: ItemNames) {
        var born: Set<String> = []
        for (place, event) in history.events.enumerated() {
            guard case .commit(let changes) = event.call else { continue }
            for (index, change) in changes.enumerated() {
                self.note(change, Place(event: place, change: index), isUnknown: event.isUnknown)
            }
            guard case .committed(let ids, _) = event.outcome else { continue }
            for case (let change, let id?) in zip(changes, ids) where change.pushQueue != nil { born.insert(id) }
        }
        for (id, shown) in names.shown.sorted(by: { $0.key < $1.key }) where !born.contains(id) {
            if let row = shown.first?.row { self.explain(row) }
        }
    }

    private mutating func note(_ change: HistoryChange, _ place: Place, isUnknown: Bool) {
        switch change {
        case .push(let queue, let key, let value, _, _):
            let content = Content(queue: queue, key: key, value: value)
            self.pushes[content, default: 0] += 1
            if isUnknown { self.unknown[content, default: []].append(place) }
        case .append(let queue, let key, _):
            if isUnknown { self.lists[ItemName(queue: queue, key: key), default: 0] += 1 }
        case .settle, .resolve, .pop, .clear, .control, .other: break
        }
    }

    /// Looks for the push that made an item of which nobody was told that it was made.
    private mutating func explain(_ row: HistoryRow) {
        let content = Content(queue: row.queue, key: row.key == row.id ? nil : row.key, value: row.value)
        let name = ItemName(queue: row.queue, key: row.key)
        if let push = self.unknown[content]?.first {
            self.unknown[content]?.removeFirst()
            self.births[push] = row.id
            if self.pushes[content] == 1 { self.certain.insert(push.event) }
        } else if let left = self.lists[name], left > 0 {
            self.lists[name] = left - 1
        } else {
            self.inventions.append(row.id)
        }
    }

    /// How many items were made by those who were not told so.
    var landed: Int { self.births.count }

    /// The address of the item that a push without an answer may have made.
    func born(_ event: Int, _ change: Int) -> String? { self.births[Place(event: event, change: change)] }
}

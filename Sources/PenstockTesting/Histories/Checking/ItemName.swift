import Penstock

/// Which item: linearizability is looked at for each by itself.
struct ItemName: Hashable, Comparable, CustomStringConvertible {
    let queue: String
    let key: String

    static func < (left: ItemName, right: ItemName) -> Bool {
        (left.queue, left.key) < (right.queue, right.key)
    }

    var description: String { "key '\(self.key)' of queue '\(self.queue)'" }
}

/// What the addresses in a history belong to, as far as anybody was told.
struct ItemNames {
    private var names: [String: ItemName] = [:]
    /// By queue, in order.
    private(set) var ofQueue: [String: [ItemName]] = [:]
    /// The rows that were shown of each address, and the places of the calls that showed them.
    private(set) var shown: [String: [(row: HistoryRow, event: Int)]] = [:]
    /// Addresses that were shown under two names, or as items with another value than before.
    private(set) var problems: [(text: String, event: Int)] = []

    init(_ history: History) {
        for (place, event) in history.events.enumerated() { self.learn(event, place) }
        var all = Set(self.names.values)
        for event in history.events {
            guard case .commit(let changes) = event.call else { continue }
            for change in changes { all.formUnion(change.chosenName.map { [$0] } ?? []) }
        }
        for name in all.sorted() { self.ofQueue[name.queue, default: []].append(name) }
    }

    /// The name of the item with an address; `nil` when nobody was shown it.
    subscript(id: String) -> ItemName? { self.names[id] }

    /// The items that runs have called.
    var ofSteps: Set<ItemName> {
        Set(self.names.compactMap { id, name in ItemID(key: id)?.isRoot == false ? name : nil })
    }

    /// The name behind a reference, and the address if it has one; a key that a store made is an address.
    func find(_ reference: HistoryReference) -> (name: ItemName?, id: String?) {
        switch reference {
        case .id(let id): (self.names[id], id)
        case .key(let queue, let key):
            key.first == "~" ? (self.names[key], key) : (ItemName(queue: queue, key: key), nil)
        }
    }

    private mutating func learn(_ event: HistoryEvent, _ place: Int) {
        switch event.outcome {
        case .committed(let ids, _):
            guard case .commit(let changes) = event.call else { return }
            for (change, id) in zip(changes, ids) {
                guard let id, let name = change.name(at: id) else { continue }
                self.learn(id, name, place)
            }
        case .leased(let items): for item in items { self.learn(item.row, place) }
        case .row(let row?): self.learn(row, place)
        case .rows(let rows): for row in rows { self.learn(row, place) }
        case .row(nil), .isBack, .extended, .refused, .unknown, nil: break
        }
    }

    private mutating func learn(_ row: HistoryRow, _ place: Int) {
        self.learn(row.id, ItemName(queue: row.queue, key: row.key), place)
        self.shown[row.id, default: []].append((row, place))
    }

    private mutating func learn(_ id: String, _ name: ItemName, _ place: Int) {
        guard let known = self.names.updateValue(name, forKey: id), known != name else { return }
        self.problems.append(("item \(id) was \(known) and then \(name)", place))
    }
}

extension HistoryChange {
    /// The queue to which it adds an item, if it does.
    var pushQueue: String? {
        switch self {
        case .push(let queue, _, _, _, _), .append(let queue, _, _): queue
        case .settle, .resolve, .pop, .clear, .control, .other: nil
        }
    }

    /// The queue and the key of the item, when it turned out to be at `id`.
    fileprivate func name(at id: String) -> ItemName? {
        switch self {
        case .push(let queue, let key, _, _, _): ItemName(queue: queue, key: key ?? id)
        case .append(let queue, let key, _): ItemName(queue: queue, key: key)
        case .resolve(.key(let queue, let key), _, _), .pop(.key(let queue, let key)),
            .control(.key(let queue, let key), _):
            ItemName(queue: queue, key: key)
        case .settle, .resolve, .pop, .clear, .control, .other: nil
        }
    }

    /// The queue and the key that a client chose.
    var chosenName: ItemName? {
        switch self {
        case .push(let queue, let key?, _, _, _), .append(let queue, let key, _): ItemName(queue: queue, key: key)
        case .push, .settle, .resolve, .pop, .clear, .control, .other: nil
        }
    }
}

import Penstock

/// What a history says that concerns several calls at once.
struct HistoryCircumstances {
    /// Items of runs, and of queues that are filled from elsewhere.
    private(set) var unchecked: Set<ItemName> = []
    /// When an item whose key the store made was pushed at the earliest.
    private(set) var birth: [ItemName: Int64] = [:]
    private let deaths: [Int: History.Death]
    /// The leases to which an end was set after they had begun.
    private var limited: Set<HistoryLease> = []
    /// By queue: when somebody began to look for an item, and how long the longest look went on that had begun by then.
    private var readers: [String: [(invoked: Int64, returned: Int64)]] = [:]

    init(_ history: History, _ names: ItemNames) {
        self.deaths = history.deaths
        self.unchecked = names.ofSteps
        for event in history.events {
            switch event.call {
            case .commit(let changes):
                for change in changes { self.note(change, names) }
                guard case .committed(let ids, _) = event.outcome else { continue }
                for (change, id) in zip(changes, ids) where change.chosenName == nil {
                    guard change.pushQueue != nil, let id, let name = names[id] else { continue }
                    self.birth[name] = min(event.invoked, self.birth[name] ?? .max)
                }
            case .reserve(let queue, _, _, _):
                let longest = self.readers[queue]?.last?.returned ?? .min
                let returned = max(longest, event.returned ?? .max)
                self.readers[queue, default: []].append((event.invoked, returned))
            case .extend(let leases, let lasts): if !lasts { self.limited.formUnion(leases) }
            case .relinquish, .item, .settled, .items: break
            }
        }
    }

    private mutating func note(_ change: HistoryChange, _ names: ItemNames) {
        switch change {
        case .push(_, _, _, _, let replyTo?): self.unchecked.formUnion(names.ofQueue[replyTo, default: []])
        case .settle(let lease, .wait): if let name = names[lease.id] { self.unchecked.insert(name) }
        case .other(_, let id?): if let name = names[id] { self.unchecked.insert(name) }
        default: break
        }
    }

    /// From when on a lease may end by itself, and whether it is certain to count as an attempt then.
    func end(of grant: HistoryGrant, process: Int, lasts: Bool) -> (from: Int64?, isCharged: Bool) {
        let isLimited = !lasts || self.limited.contains(HistoryLease(id: grant.row.id, token: grant.token))
        let death = self.deaths[process]?.at
        // When by the clock of the history a lease of some length ends, nobody knows.
        return (isLimited ? .min : death, death == nil)
    }

    /// Whether somebody looked for items of a queue while a call was made.
    func meetsReaders(of queue: String, _ event: HistoryEvent) -> Bool {
        guard let readers = self.readers[queue] else { return false }
        var (low, high) = (0, readers.count)
        while low < high {
            let middle = (low + high) / 2
            if readers[middle].invoked <= event.returned ?? .max { low = middle + 1 } else { high = middle }
        }
        return low > 0 && readers[low - 1].returned >= event.invoked
    }
}

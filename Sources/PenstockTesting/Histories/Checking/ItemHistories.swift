import Penstock

/// A history, split into what it says of each item.
struct ItemHistories {
    typealias Timed = TimedOperation<ItemOperation>

    /// What was asked of one item, in the order of the calls.
    struct ItemHistory {
        var operations: [Timed] = []
        /// For each operation, the place of its call in the history.
        var events: [Int] = []

        /// Leaves out what says once more of an item that has come to rest that some page does not show it: most items
        /// of a long history have.
        mutating func dropRepetitions() {
            let asked = self.operations.filter { !$0.operation.isUnlisted }
            let rest = asked.map { $0.returned ?? .max }.max() ?? .max
            var seen: Set<ItemOperation> = []
            let kept = self.operations.indices.filter { place in
                let timed = self.operations[place]
                guard timed.operation.isUnlisted, timed.invoked > rest else { return true }
                return seen.insert(timed.operation).inserted
            }
            self = ItemHistory(operations: kept.map { self.operations[$0] }, events: kept.map { self.events[$0] })
        }
    }

    let history: History
    let names: ItemNames
    let evidence: HistoryEvidence
    private let circumstances: HistoryCircumstances
    private(set) var items: [ItemName: ItemHistory] = [:]

    init(_ history: History) {
        self.history = history
        self.names = ItemNames(history)
        self.evidence = HistoryEvidence(history, self.names)
        self.circumstances = HistoryCircumstances(history, self.names)
        for place in history.events.indices { self.split(place) }
        for name in self.circumstances.unchecked { self.items[name] = nil }
        for name in self.items.keys { self.items[name]?.dropRepetitions() }
    }

    private mutating func split(_ place: Int) {
        let event = self.history.events[place]
        let steps: [(name: ItemName, step: ItemStep)]
        switch event.call {
        case .commit(let changes): return self.split(changes, place)
        case .reserve(let queue, let key, _, let lasts): steps = self.leases(event, queue, key, lasts: lasts)
        case .extend(let leases, _): steps = self.extensions(event, leases)
        case .relinquish(let lease): steps = self.relinquished(event, lease)
        case .item(let reference): steps = self.shown(event, reference)
        case .settled(let id): steps = self.shown(event, .id(id), asEnded: true)
        case .items: steps = self.pages(event)
        }
        self.add(steps, place, event.outcome == nil ? .unknown : .done)
    }

    /// Adds what one call asked, to each item what concerns it.
    private mutating func add(
        _ steps: [(name: ItemName, step: ItemStep)],
        _ place: Int,
        _ outcome: ItemOperation.Outcome,
        isCertain: Bool = false
    ) {
        let event = self.history.events[place]
        var order: [ItemName] = []
        var grouped: [ItemName: [ItemStep]] = [:]
        for (name, step) in steps {
            if grouped[name] == nil { order.append(name) }
            grouped[name, default: []].append(step)
        }
        for name in order {
            var operation = ItemOperation(steps: grouped[name] ?? [], outcome: isCertain ? .done : outcome)
            if operation.mayMeetClaims {
                operation.meetsClaims = self.circumstances.meetsReaders(of: name.queue, event)
            }
            // Its end is known to nobody, or only that it has come by then.
            let goneBy = event.outcome == nil ? self.history.deaths[event.source.process]?.goneBy : nil
            let end = outcome == .unknown ? (isCertain ? goneBy ?? Int64.max : nil) : event.returned
            self.items[name, default: ItemHistory()].operations.append(
                Timed(operation: operation, invoked: event.invoked, returned: end, goneBy: goneBy)
            )
            self.items[name]?.events.append(place)
        }
    }

    // MARK: Transactions

    private mutating func split(_ changes: [HistoryChange], _ place: Int) {
        let event = self.history.events[place]
        switch event.outcome {
        case .committed(let ids, let wasThere):
            let isRepeated = zip(changes, wasThere).contains { $0.isSettle && $1 }
            if isRepeated, let end = changes.first(where: { $0.isRecognised }) {
                // It was recognised by one of its ends, and says no more of what else it did.
                return self.add(self.steps(of: end, nil), place, .done)
            }
            let steps = changes.indices.flatMap { index in
                self.steps(of: changes[index], ids[index].map { ItemStep.Pushed(id: $0, wasThere: wasThere[index]) })
            }
            self.add(steps, place, .done)
        case .refused(let code):
            // What is new has given no reason; of several others any may have.
            let steps = changes.filter { $0.pushQueue == nil || $0.chosenName != nil }.map { self.steps(of: $0, nil) }
            guard ItemModel.codes.contains(code), !steps.contains(where: \.isEmpty) else { return }
            guard Set(steps.joined().map(\.name)).count == 1 else { return }
            self.add(Array(steps.joined()), place, .refused(code))
        default:
            let steps = changes.indices.flatMap { self.steps(of: changes[$0], nil, self.evidence.born(place, $0)) }
            self.add(steps, place, .unknown, isCertain: self.evidence.certain.contains(place))
        }
    }

    /// What a change asks of which items; `born` is the address of an item that nobody else can have pushed.
    private func steps(
        of change: HistoryChange,
        _ answer: ItemStep.Pushed?,
        _ born: String? = nil
    ) -> [(name: ItemName, step: ItemStep)] {
        func step(_ reference: HistoryReference, _ make: (String?) -> ItemStep) -> [(name: ItemName, step: ItemStep)] {
            let (name, id) = self.names.find(reference)
            return name.map { [($0, make(answer?.id ?? id))] } ?? []
        }
        switch change {
        case .push(let queue, let key, let value, let policy, _):
            guard let key = key ?? answer?.id ?? born else { return [] }
            return [(ItemName(queue: queue, key: key), .push(value: value, policy, answer))]
        case .append(let queue, let key, let value):
            return [(ItemName(queue: queue, key: key), .append(value: value, answer))]
        case .settle(let lease, let settlement):
            return self.names[lease.id].map { [($0, .settle(token: lease.token, settlement))] } ?? []
        case .resolve(let item, let state, let result): return step(item) { .resolve(id: $0, state, result: result) }
        case .pop(let item): return step(item) { .pop(id: $0) }
        case .control(let item, let verb): return step(item) { .control(id: $0, verb) }
        case .clear(let queue): return self.names.ofQueue[queue, default: []].map { ($0, .clear) }
        case .other: return []
        }
    }

    // MARK: Leases

    private func leases(
        _ event: HistoryEvent,
        _ queue: String,
        _ key: String?,
        lasts: Bool
    ) -> [(name: ItemName, step: ItemStep)] {
        let process = event.source.process
        if case .leased(let items) = event.outcome {
            return items.map { grant in
                let (from, isCharged) = self.circumstances.end(of: grant, process: process, lasts: lasts)
                return (
                    ItemName(queue: grant.row.queue, key: grant.row.key),
                    .lease(grant, endsFrom: from, isCharged: isCharged)
                )
            }
        }
        // Whoever died over the call may hold something, until it is taken from the dead. When that is makes no
        // difference to anybody, and calls that are all alike are soon searched.
        guard event.outcome == nil else { return [] }
        return self.names.ofQueue[queue, default: []].filter { key == nil || $0.key == key }
            .map { ($0, .lease(nil, endsFrom: .min, isCharged: false)) }
    }

    private func extensions(_ event: HistoryEvent, _ leases: [HistoryLease]) -> [(name: ItemName, step: ItemStep)] {
        guard event.outcome == .refused(code: ItemModel.leaseLost), leases.count == 1 else { return [] }
        return leases.compactMap { lease in self.names[lease.id].map { ($0, .lost(token: lease.token)) } }
    }

    private func relinquished(_ event: HistoryEvent, _ lease: HistoryLease) -> [(name: ItemName, step: ItemStep)] {
        guard event.outcome != .isBack(false), let name = self.names[lease.id] else { return [] }
        return [(name, .relinquish(token: lease.token))]
    }

    // MARK: Reads

    private func shown(
        _ event: HistoryEvent,
        _ reference: HistoryReference,
        asEnded: Bool = false
    ) -> [(name: ItemName, step: ItemStep)] {
        guard case .row(let row) = event.outcome else { return [] }
        let (name, id) = self.names.find(reference)
        guard let name else { return [] }
        return [(name, row.map { asEnded ? .ended($0) : .shown($0) } ?? .missing(id: id))]
    }

    private func pages(_ event: HistoryEvent) -> [(name: ItemName, step: ItemStep)] {
        guard case .items(let queue, let isUnsettled, let states, let limit, let isWhole) = event.call,
            case .rows(let rows) = event.outcome
        else { return [] }
        var steps: [(name: ItemName, step: ItemStep)] = rows.filter { self.names[$0.id] != nil }
            .map { (ItemName(queue: $0.queue, key: $0.key), .shown($0)) }
        guard isWhole, rows.count < limit else { return steps }
        let listed = Set(steps.map(\.name))
        let scope = queue.map { self.names.ofQueue[$0, default: []] } ?? self.names.ofQueue.values.flatMap { $0 }
        for name in scope where !listed.contains(name) {
            // Of an item that came later it says nothing.
            guard self.circumstances.birth[name, default: .min] <= event.returned ?? .max else { continue }
            steps.append((name, .unlisted(isUnsettled: isUnsettled, states: states)))
        }
        return steps
    }
}

extension HistoryChange {
    fileprivate var isSettle: Bool { if case .settle = self { true } else { false } }

    /// Whether a transaction that is handed in again is recognised by it.
    fileprivate var isRecognised: Bool {
        switch self {
        case .settle(_, .consume), .settle(_, .wait): false
        case .settle: true
        default: false
        }
    }
}

extension ItemOperation {
    /// Whether it says no more than that a page did not show the item.
    fileprivate var isUnlisted: Bool {
        guard self.outcome == .done, self.steps.count == 1, case .unlisted = self.steps[0] else { return false }
        return true
    }

    /// Whether it may have been told that somebody holds the item, or passed it over.
    fileprivate var mayMeetClaims: Bool { self.outcome != .done || self.steps.contains(.clear) }
}

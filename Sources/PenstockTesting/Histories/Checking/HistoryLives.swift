import Penstock

/// What a history tells of each item, whatever order its calls were done in.
struct HistoryLives {
    /// An end with a result.
    struct End: Hashable {
        /// `nil` for one of an item that nobody held.
        let token: Int64?
        let state: ItemState
        let result: String

        func fits(_ row: HistoryRow) -> Bool { self.state == row.state && self.result == row.result }
    }

    /// What is known of an item.
    struct Life {
        /// The call that was told that it made the item.
        var birth: Int?
        var grants = 0
        /// Leases and resolutions that it may have had beside.
        var possibleAttempts = 0
        /// The accepted ends, and the call of the last one.
        var ends: Set<End> = []
        var lastEnd = 0
        /// The ends of which nobody has heard.
        var possibleEnds: Set<End> = []
        /// How often it may have been begun again.
        var restarts = 0
        /// Whether somebody has taken it out, or may have.
        var mayBeGone = false

        /// What is known when something more is.
        func adding(_ other: Life?) -> Life {
            guard let other else { return self }
            var life = self
            life.grants += other.grants
            life.possibleAttempts += other.possibleAttempts
            life.possibleEnds.formUnion(other.possibleEnds)
            life.restarts += other.restarts
            life.mayBeGone = life.mayBeGone || other.mayBeGone
            return life
        }
    }

    /// What a call may have concerned: one item, each that had a name, or each of a queue.
    private enum Subject: Hashable {
        case item(String)
        case name(ItemName)
        case queue(String)
    }

    private let names: ItemNames
    private var lives: [Subject: Life] = [:]
    /// Those who were told that they made an item which somebody else had made.
    private(set) var doubles: [(id: String, first: Int, second: Int)] = []

    init(_ history: History, _ names: ItemNames) {
        self.names = names
        for (place, event) in history.events.enumerated() { self.note(event, place) }
    }

    /// The items of which anything is known, in some order that is the same every time.
    var ids: [String] {
        self.lives.keys.compactMap { if case .item(let id) = $0 { id } else { nil } }.sorted()
    }

    /// How many items were made, as far as anybody was told.
    var pushed: Int { self.lives.values.count { $0.birth != nil } }

    subscript(id: String) -> Life {
        let life = self.lives[.item(id)] ?? Life()
        guard let name = self.names[id] else { return life }
        return life.adding(self.lives[.name(name)]).adding(self.lives[.queue(name.queue)])
    }

    private mutating func note(_ event: HistoryEvent, _ place: Int) {
        switch (event.call, event.outcome) {
        case (.commit(let changes), .committed(let ids, let wasThere)):
            for index in changes.indices {
                if let id = ids[index], !wasThere[index] { self.noteBirth(id, changes[index], place) }
                self.note(changes[index], ids[index], place, isKnown: true)
            }
        case (.commit(let changes), _) where event.isUnknown:
            for change in changes { self.note(change, nil, place, isKnown: false) }
        case (_, .leased(let items)):
            for item in items { self.lives[.item(item.row.id), default: Life()].grants += 1 }
        case (.reserve(let queue, _, _, _), nil): self.lives[.queue(queue), default: Life()].possibleAttempts += 1
        default: break
        }
    }

    private mutating func noteBirth(_ id: String, _ change: HistoryChange, _ place: Int) {
        guard change.pushQueue != nil else { return }
        if let before = self.lives[.item(id)]?.birth {
            // Whether it has begun a list or found one, whoever adds to it is not told.
            if case .append = change { return }
            self.doubles.append((id, before, place))
        }
        self.lives[.item(id), default: Life()].birth = place
    }

    /// Notes what a change may have done to which items; `known` is the one that it concerned, if somebody was told.
    private mutating func note(_ change: HistoryChange, _ known: String?, _ place: Int, isKnown: Bool) {
        switch change {
        case .settle(let lease, .complete(let result)):
            let end = End(token: lease.token, state: .completed, result: result)
            self.noteEnd(.item(lease.id), end, place, isKnown)
        case .settle(let lease, .fail(let failure)):
            self.noteEnd(.item(lease.id), End(token: lease.token, state: .failed, result: failure), place, isKnown)
        case .settle(let lease, .consume): self.lives[.item(lease.id), default: Life()].mayBeGone = true
        case .resolve(let item, let state, let result):
            guard let subject = self.subject(of: item, known) else { return }
            self.lives[subject, default: Life()].possibleAttempts += 1
            self.noteEnd(subject, End(token: nil, state: state, result: result), place, isKnown && known != nil)
        case .pop(let item), .control(let item, .delete):
            if let subject = self.subject(of: item, known) { self.lives[subject, default: Life()].mayBeGone = true }
        case .push(let queue, let key?, _, .replace, _):
            self.lives[.name(ItemName(queue: queue, key: key)), default: Life()].mayBeGone = true
        case .clear(let queue): self.lives[.queue(queue), default: Life()].mayBeGone = true
        case .control(let item, .restart), .control(let item, .retry):
            if let subject = self.subject(of: item, known) { self.lives[subject, default: Life()].restarts += 1 }
        default: break
        }
    }

    private mutating func noteEnd(_ subject: Subject, _ end: End, _ place: Int, _ isKnown: Bool) {
        if isKnown {
            self.lives[subject, default: Life()].ends.insert(end)
            self.lives[subject]?.lastEnd = place
        } else {
            self.lives[subject, default: Life()].possibleEnds.insert(end)
        }
    }

    private func subject(of reference: HistoryReference, _ known: String?) -> Subject? {
        let (name, id) = self.names.find(reference)
        return (known ?? id).map { .item($0) } ?? name.map { .name($0) }
    }
}

import Penstock

/// Why one item's history has no order, for people.
struct HistoryAccount {
    /// The most operations that are told.
    private static let length = 24
    /// How many configurations may be looked at to leave one operation out.
    private static let budget = 5000
    /// The most states that are told.
    private static let states = 6

    private let name: ItemName
    private let item: ItemHistories.ItemHistory
    private let violation: LinearizabilitySearch<ItemModel>.Violation
    private let history: History

    init(
        _ name: ItemName,
        _ item: ItemHistories.ItemHistory,
        _ violation: LinearizabilitySearch<ItemModel>.Violation,
        _ history: History
    ) {
        (self.name, self.item, self.violation, self.history) = (name, item, violation, history)
    }

    /// The shortest beginning of the history that is not linearizable, from where it was certain what the item was, and
    /// without what is not needed to see it.
    var finding: HistoryFinding {
        let last = self.violation.last
        let operations = self.needed
        let left = operations.count - Self.length
        let states = Set(self.violation.states.map(\.description)).sorted()
        var lines = ["no order explains what was answered", "at first the item was \(self.violation.before)"]
        if left > 0 { lines.append("(\(left) more operations that were open before)") }
        lines += operations.suffix(Self.length).map { self.line(for: $0, isLast: $0 == last) }
        lines.append("before the answer to \(self.number(of: last)) the item may have been")
        lines += states.prefix(Self.states).map { "- \($0)" }
        if states.count > Self.states { lines.append("- or one of \(states.count - Self.states) others") }
        return HistoryFinding(
            promise: .linearizable,
            item: self.name.description,
            account: lines.joined(separator: "\n    "),
            call: self.item.events[last] + 1
        )
    }

    /// The operations without which there would be an order.
    ///
    /// Only those are left out that changed nothing: without the others the answers would be about another item.
    private var needed: [Int] {
        var needed = self.violation.operations
        guard needed.count <= Self.length * 8 else { return needed }
        let last = self.violation.last
        for place in needed where place != last && self.item.operations[place].operation.isPassive {
            let rest = needed.filter { $0 != place }
            var search = LinearizabilitySearch(ItemModel(), rest.map { self.cut($0) })
            let verdict = search.run(from: self.violation.before, budget: Self.budget)
            if case .violated = verdict { needed = rest }
        }
        return needed
    }

    /// An operation as it was when the last answer came: later ones had not come.
    private func cut(_ place: Int) -> ItemHistories.Timed {
        let timed = self.item.operations[place]
        let end = self.item.operations[self.violation.last].returned ?? .max
        guard let returned = timed.returned, returned > end else { return timed }
        return ItemHistories.Timed(operation: timed.operation, invoked: timed.invoked, returned: nil, goneBy: nil)
    }

    private func number(of place: Int) -> String { "call \(self.item.events[place] + 1)" }

    private func line(for place: Int, isLast: Bool) -> String {
        let event = self.history.events[self.item.events[place]]
        let timed = self.item.operations[place]
        let end = timed.returned == nil ? "?" : event.returned.map { "\($0)" } ?? "?"
        let steps = timed.operation.steps.map(\.description).joined(separator: ", ")
        let who = "client \(event.source.client) of process \(event.source.process)"
        return "\(isLast ? "> " : "  ")\(self.number(of: place)) [\(event.invoked), \(end)] \(who): \(steps): "
            + timed.operation.outcome.description
    }
}

extension ItemOperation.Outcome: CustomStringConvertible {
    /// The answer in a word.
    var description: String {
        switch self {
        case .done: "done"
        case .refused(let code): "refused, \(code)"
        case .unknown: "nobody knows"
        }
    }
}

extension ItemStep: CustomStringConvertible {
    /// The step in a few words.
    var description: String {
        switch self {
        case .push(let value, let policy, let answer): "push \(value), or \(policy.rawValue)\(Self.suffix(answer))"
        case .append(let value, let answer): "append \(value)\(Self.suffix(answer))"
        case .settle(let token, let settlement): "\(settlement) under token \(token)"
        case .resolve(let id, let state, let result): "resolve\(Self.suffix(id)) as \(state.rawValue) with \(result)"
        case .pop(let id): "pop\(Self.suffix(id))"
        case .control(let id, let verb): "\(verb.rawValue)\(Self.suffix(id))"
        case .clear: "clear the queue"
        case .lease(let grant?, _, _): "lease under token \(grant.token), shown \(grant.row)"
        case .lease(nil, _, _): "lease, without hearing of it"
        case .relinquish(let token): "relinquish token \(token)"
        case .lost(let token): "extend token \(token), told that it is lost"
        case .shown(let row): "read \(row)"
        case .ended(let row): "wait for the end, shown \(row)"
        case .missing(let id): "read\(Self.suffix(id)), not there"
        case .unlisted(let isUnsettled, _): "list \(isUnsettled ? "what has not ended" : "all"), not there"
        }
    }

    private static func suffix(_ answer: Pushed?) -> String {
        answer.map { $0.wasThere ? ", which was there as \($0.id)" : ", made \($0.id)" } ?? ""
    }

    private static func suffix(_ id: String?) -> String { id.map { " \($0)" } ?? "" }
}

extension HistorySettlement: CustomStringConvertible {
    /// The end in a few words.
    var description: String {
        switch self {
        case .complete(let result): "complete with \(result)"
        case .consume: "consume"
        case .fail: "fail"
        case .retry: "retry"
        case .release: "release"
        case .diverge: "diverge"
        case .wait: "wait"
        }
    }
}

extension HistoryRow: CustomStringConvertible {
    /// The row in a few words.
    var description: String {
        let result = self.result.map { ", result \($0)" } ?? ""
        return "\(self.id) \(self.state.rawValue), value \(self.value)\(result), attempts \(self.attempt), "
            + "row token \(self.token)"
    }
}

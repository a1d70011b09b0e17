import Penstock

@testable import PenstockTesting

/// Makes a small history of one item: what a sequential life of it would have shown, at instants that overlap, and now
/// and then something else than that.
struct RandomItemHistory {
    private let model = ItemModel()
    private var generator: SeededGenerator
    private var tokens: Int64 = 0
    private var values = 0

    init(seed: UInt64) {
        self.generator = SeededGenerator(seed: seed)
    }

    private mutating func draw(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self.generator) }

    /// At most six operations, in the order of their calls.
    mutating func make() -> [TimedOperation<ItemOperation>] {
        var item = ModelItem()
        var operations: [TimedOperation<ItemOperation>] = []
        for number in 0..<(3 + self.draw(4)) {
            if let ended = self.model.silentSuccessors(of: item).first, self.draw(4) == 0 { item = ended.state }
            var operation = self.operation(on: item)
            if let next = self.model.successors(of: item, by: operation).first { item = next }
            let instant = Int64(number * 4)
            let invoked = instant - Int64(self.draw(12))
            var returned: Int64? = instant + Int64(self.draw(12))
            if self.draw(8) == 0 { self.change(&operation) }
            if case .done = operation.outcome, operation.steps.allSatisfy(\.mayBeUnknown), self.draw(4) == 0 {
                operation = ItemOperation(steps: operation.steps.map(\.withoutAnswer), outcome: .unknown)
                returned = nil
            }
            operations.append(.init(operation: operation, invoked: invoked, returned: returned))
        }
        return operations.sorted { $0.invoked < $1.invoked }
    }

    /// An operation, with an answer that the item allows if there is one.
    private mutating func operation(on item: ModelItem) -> ItemOperation {
        let step = self.step(on: item)
        let done = ItemOperation(steps: [step])
        guard self.model.successors(of: item, by: done).isEmpty else { return done }
        for code in ItemModel.codes.sorted() {
            let refused = ItemOperation(steps: [step], outcome: .refused(code))
            if !self.model.successors(of: item, by: refused).isEmpty { return refused }
        }
        return done
    }

    private mutating func step(on item: ModelItem) -> ItemStep {
        self.values += 1
        let policies: [DuplicatePolicy] = [.ignore, .refuse, .replace]
        let token = max(item.newest - Int64(self.draw(2)), 0)
        switch self.draw(10) {
        case ..<3:
            let policy = policies[self.draw(3)]
            let isThere = item.row != nil && policy == .ignore
            let id = isThere ? item.row?.id ?? "~9" : "~\(10 + self.values)"
            return .push(value: "\(self.values)", policy, ItemStep.Pushed(id: id, wasThere: isThere))
        case ..<5:
            self.tokens += 1
            var row = self.row(of: item)
            row.attempt += 1
            return .lease(HistoryGrant(token: self.tokens, row: row), endsFrom: self.end(), isCharged: true)
        case ..<7:
            let ends: [HistorySettlement] = [.complete(result: "r"), .consume, .release, .retry(failure: "f")]
            return .settle(token: token, ends[self.draw(4)])
        case 7: return self.draw(2) == 0 ? .pop(id: nil) : .control(id: nil, .restart)
        case 8: return item.row == nil ? .missing(id: nil) : .shown(self.row(of: item))
        default: return self.draw(2) == 0 ? .lost(token: token) : .relinquish(token: token)
        }
    }

    private mutating func end() -> Int64? { self.draw(2) == 0 ? nil : Int64(self.draw(30)) }

    /// What somebody would be shown of an item.
    private func row(of item: ModelItem) -> HistoryRow {
        var shown = HistoryRow(id: "~9", queue: "q", key: "k", state: .ready, attempt: 0, token: 0, value: "0")
        guard let row = item.row else { return shown }
        (shown.id, shown.state, shown.value) = (row.id ?? "~9", row.state, row.value)
        shown.attempt = row.attempts.lowerBound
        if case .exactly(let token) = row.token { shown.token = token }
        if case .exactly(let result) = row.result { shown.result = result }
        return shown
    }

    /// Has an operation answered in another way.
    private mutating func change(_ operation: inout ItemOperation) {
        switch (operation.outcome, operation.steps[0]) {
        case (.done, .shown(var row)):
            if self.draw(2) == 0 { row.value = "1" } else { row.attempt += 1 }
            operation.steps = [.shown(row)]
        case (.done, _): operation.outcome = .refused(ItemModel.conflict)
        default: operation.outcome = .done
        }
    }
}

extension ItemStep {
    /// Whether nobody may hear of its outcome.
    fileprivate var mayBeUnknown: Bool {
        switch self {
        case .push, .settle, .pop, .control: true
        default: false
        }
    }

    fileprivate var withoutAnswer: ItemStep {
        if case .push(let value, let policy, _) = self { .push(value: value, policy, nil) } else { self }
    }
}

import Foundation
import Penstock
import Testing

@testable import PenstockTesting

@Suite("The search for an order", .timeLimit(.minutes(60)))
struct LinearizabilitySearchTests {
    /// `PENSTOCK_LONG=1` looks at many more.
    private static let seeds: UInt64 = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == "1" ? 300_000 : 10_000

    @Test func `says of small histories what a search through all orders says`() {
        var (linearizable, violated, open) = (0, 0, 0)
        for seed in 0..<Self.seeds {
            var random = RandomItemHistory(seed: seed)
            let operations = random.make()
            open += operations.contains { $0.returned == nil } ? 1 : 0
            var search = LinearizabilitySearch(ItemModel(), operations)
            let expected = BruteForce(model: ItemModel(), operations: operations).finds(from: ModelItem())
            switch search.run(from: ModelItem(), budget: .max) {
            case .linearizable:
                linearizable += 1
                #expect(expected, "with seed \(seed) there is no order of \(operations)")
            case .violated(let violation):
                violated += 1
                #expect(!expected, "with seed \(seed) there is an order of \(operations)")
                Self.check(violation, of: operations, seed)
            case .undecided: Issue.record("with seed \(seed) it gave up without a bound")
            }
        }
        print("\(linearizable) linearizable, \(violated) not; \(open) with outcomes that nobody knows")
        // Both kinds are worth nothing without the other.
        #expect(linearizable > Self.seeds / 5)
        #expect(violated > Self.seeds / 5)
        #expect(open > Self.seeds / 5)
    }

    /// The beginning that is told has no order, and without its last answer it has one.
    private static func check(
        _ violation: LinearizabilitySearch<ItemModel>.Violation,
        of operations: [TimedOperation<ItemOperation>],
        _ seed: UInt64
    ) {
        let end = operations[violation.last].returned ?? 0
        func beginning(until end: Int64) -> [TimedOperation<ItemOperation>] {
            operations.filter { $0.invoked <= end }.map { operation in
                guard let returned = operation.returned, returned > end else { return operation }
                return .init(operation: operation.operation, invoked: operation.invoked, returned: nil)
            }
        }
        let whole = BruteForce(model: ItemModel(), operations: beginning(until: end))
        #expect(!whole.finds(from: ModelItem()), "with seed \(seed) the beginning has an order")
        let before = BruteForce(model: ItemModel(), operations: beginning(until: end - 1))
        #expect(before.finds(from: ModelItem()), "with seed \(seed) a shorter beginning has none")
        #expect(violation.operations.contains(violation.last))
        #expect(!violation.states.isEmpty)
    }

    @Test func `gives up when it has looked at as much as it may`() {
        // Nobody knows which of these have happened, and nothing that is seen later can be.
        let values = (0..<16).map { "\($0)" }
        let pushes = values.map { value in
            TimedOperation<ItemOperation>(
                operation: ItemOperation(steps: [.push(value: value, .replace, nil)], outcome: .unknown),
                invoked: 1,
                returned: nil
            )
        }
        let row = HistoryRow(id: "~1", queue: "q", key: "k", state: .ready, attempt: 0, token: 0, value: "other")
        let read = TimedOperation<ItemOperation>(
            operation: ItemOperation(steps: [.shown(row)]),
            invoked: 2,
            returned: 3
        )
        var search = LinearizabilitySearch(ItemModel(), pushes + [read])
        let verdict = search.run(from: ModelItem(), budget: 1000)
        let isUndecided = if case .undecided = verdict { true } else { false }
        #expect(isUndecided)
        #expect(search.visited == 1000)
    }

    @Test func `does outcomes that nobody knows and that ask the same in one order only`() {
        let pop = ItemOperation(steps: [.pop(id: nil)], outcome: .unknown)
        let pops = (0..<20).map { _ in
            TimedOperation<ItemOperation>(operation: pop, invoked: 1, returned: nil)
        }
        let pushes = (0..<20 as Range<Int64>).map { number in
            let answer = ItemStep.Pushed(id: "~\(number)", wasThere: false)
            return TimedOperation<ItemOperation>(
                operation: ItemOperation(steps: [.push(value: "\(number)", .ignore, answer)]),
                invoked: 2 + 2 * number,
                returned: 3 + 2 * number
            )
        }
        var search = LinearizabilitySearch(ItemModel(), pops + pushes)
        let verdict = search.run(from: ModelItem(), budget: 1000)
        let isLinearizable = if case .linearizable = verdict { true } else { false }
        #expect(isLinearizable, "\(verdict)")
    }
}

/// Looks through all orders of a few operations, as simply as that can be said.
private struct BruteForce {
    let model: ItemModel
    let operations: [TimedOperation<ItemOperation>]

    func finds(from state: ModelItem) -> Bool { self.finds(state, Array(self.operations.indices)) }

    private func finds(_ state: ModelItem, _ left: [Int]) -> Bool {
        let ends = left.compactMap { self.operations[$0].returned }
        guard let first = ends.min() else { return true }
        // What happens by itself happens before the next operation that has an answer, or never matters.
        for (silent, from) in self.model.silentSuccessors(of: state) where from <= first {
            if self.finds(silent, left) { return true }
        }
        for place in left where self.operations[place].invoked <= first {
            for next in self.model.successors(of: state, by: self.operations[place].operation) {
                if self.finds(next, left.filter { $0 != place }) { return true }
            }
        }
        return false
    }
}

/// Looks at a history: whether each item did what a store promises, one thing after the other, and whether what was
/// told of all of them fits together.
///
/// For each item it looks for an order in which everything could have happened between its call and its answer
/// (linearizability). What concerns several items at once is not in that: which of them a reader gets, whether there is
/// nothing for one, and how much room a queue has. Of a transaction over several items it is seen when a part of it has
/// happened and another has not, if the part shows a value that nobody else has pushed.
///
/// ```swift
/// let report = HistoryCheck(recorder.history).run()
/// guard report.isSound else { throw Unsound(report) }
/// ```
public struct HistoryCheck: Sendable {
    private let history: History
    private let budget: Int

    /// Prepares the check of a history.
    ///
    /// - Parameters:
    ///   - history: What was recorded.
    ///   - budget: How many configurations may be looked at for one item before it is left undecided; each takes some
    ///     hundred bytes.
    public init(_ history: History, budget: Int = 200_000) {
        (self.history, self.budget) = (history, budget)
    }

    /// Looks at all of it.
    public func run() -> HistoryReport {
        let split = ItemHistories(self.history)
        let invariants = HistoryInvariants(split)
        var report = HistoryReport()
        report.calls = self.history.count
        report.unknown = self.history.events.count { $0.isUnknown }
        report.items = split.items.count
        (report.pushed, report.landed) = (invariants.pushed, split.evidence.landed)
        report.present = invariants.rows?.count
        report.findings = invariants.findings
        for (name, item) in split.items.sorted(by: { $0.key < $1.key }) {
            var search = LinearizabilitySearch(ItemModel(), item.operations)
            switch search.run(from: ModelItem(), budget: self.budget) {
            case .linearizable: break
            case .undecided: report.undecided.append(name.description)
            case .violated(let violation):
                report.findings.append(HistoryAccount(name, item, violation, self.history).finding)
            }
            report.configurations += search.visited
        }
        report.findings.sort { ($0.call, $0.promise.rawValue, $0.account) < ($1.call, $1.promise.rawValue, $1.account) }
        return report
    }
}

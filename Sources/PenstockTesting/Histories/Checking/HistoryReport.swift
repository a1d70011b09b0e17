/// What came of looking at a history.
public struct HistoryReport: Sendable, CustomStringConvertible {
    /// How many calls the history has.
    public var calls = 0
    /// Of how many of them nobody knows the outcome.
    public var unknown = 0
    /// How many items were looked at, one by one.
    public var items = 0
    /// How many configurations were looked at in all searches.
    public var configurations = 0
    /// How many items were made, as far as somebody was told.
    public var pushed = 0
    /// How many were made, and nobody was told.
    public var landed = 0
    /// How many are there in the end; `nil` when nobody has looked.
    public var present: Int?
    /// What was found, in the order in which it could be seen.
    public var findings: [HistoryFinding] = []
    /// The items whose search would have gone over the budget: of them nothing is known but what holds for all.
    public var undecided: [String] = []

    /// Whether every promise was kept as far as can be told: there is no finding, and nothing is undecided.
    public var isSound: Bool { self.findings.isEmpty && self.undecided.isEmpty }

    /// The report in one line, and the first findings below it.
    public var description: String {
        let left = self.present.map { ", \($0) are there" } ?? ""
        let more = self.findings.count > 3 ? ["and \(self.findings.count - 3) more"] : []
        let summary = """
            \(self.calls) calls (\(self.unknown) of unknown outcome), \(self.items) items, \(self.configurations) \
            configurations, \(self.pushed) pushed and \(self.landed) more\(left): \(self.findings.count) findings, \
            \(self.undecided.count) undecided
            """
        return ([summary] + self.findings.prefix(3).map(\.description) + more).joined(separator: "\n")
    }
}

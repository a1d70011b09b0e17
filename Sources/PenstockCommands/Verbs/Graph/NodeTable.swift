import PenstockFlow

/// What the nodes of a run have done, as a table.
struct NodeTable {
    private static let bar = 8

    private var table = TextTable("NODE", "IN#", "OUT#", "FAILED#", "ITEMS/S#", "WAITING#", "BUSY")

    /// Makes the table of what was done in the time since `before` was.
    init(_ nodes: [NodeProgress], since before: [NodeProgress] = [], in time: Duration) {
        let seconds = time / .seconds(1)
        for (place, node) in nodes.enumerated() {
            let done = Self.items(node) - (before.indices.contains(place) ? Self.items(before[place]) : 0)
            self.table.add(
                node.node,
                Words.count(node.counts.taken),
                Words.count(node.counts.put),
                // Dropped, sent on as such, or without the item that they were to be joined with.
                Words.count(node.counts.dropped + node.counts.failed),
                seconds > 0 ? Words.count(Int(Double(done) / seconds)) : "",
                // Nobody sends to a source.
                node.capacity > 0 ? "\(Words.count(node.depth))/\(Words.count(node.capacity))" : "",
                Self.bar(node.busy)
            )
        }
    }

    /// The lines, as many as there is room for.
    func lines(on screen: Output.Screen?) -> [String] {
        let lines = self.table.lines(columns: screen?.columns)
        guard let screen, lines.count >= screen.rows else { return lines }
        let fitting = lines.prefix(max(1, screen.rows - 2))
        return fitting + ["… and \(lines.count - fitting.count) more"]
    }

    /// What counts of a node in its rate: what it takes, if anybody sends to it.
    private static func items(_ node: NodeProgress) -> Int {
        node.capacity > 0 ? node.counts.taken : node.counts.put
    }

    private static func bar(_ share: Double) -> String {
        let full = Int((min(1, max(0, share)) * Double(self.bar)).rounded())
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: self.bar - full)
        return "\(bar) \(Int((min(1, max(0, share)) * 100).rounded()))%"
    }
}

import Penstock

/// Where what comes out of a graph goes into a queue, each item once.
struct OutputNode<Output: GraphItem>: Sendable {
    /// How far it has come.
    private struct Position: Codable {
        /// How many items are in the queue.
        var count = 0
        /// The row of which the last of them was one, and how many of its items are in the queue.
        var row: Int64?
        var items = 0
    }

    let queue: Queue<Output>
    let run: String

    func planned(_ sources: [PortID]) -> PlannedNode {
        let inlet = PlannedInlet(of: Output.self, from: sources, maximumSize: 1)
        return PlannedNode("output", .sink, inlets: [inlet], outputs: [nil]) { _ in
        } runDurably: { seat in
            try await self.run(seat)
        }
    }

    private func run(_ seat: DurableSeat) async throws {
        let coder = try ItemCoder<Output>(for: "output")
        var reader = DurableReader(seat)
        let stored = try await seat.position(as: Position.self)
        var (position, isFirst) = (stored ?? Position(), stored == nil)
        // Half of what a bounded queue holds can be waited for without keeping everybody else out of it.
        let most = max(1, min(self.queue.capacity.map { $0 / 2 } ?? .max, seat.batch))
        var (transaction, done) = (Transaction(), [LeaseReference]())
        func commit() async throws {
            let count = transaction.operations.count
            let operations = try transaction.operations + seat.come(to: position, isFirst: isFirst)
            if let capacity = self.queue.capacity, self.queue.whenFull == .wait, count > 0 {
                try await seat.commit(operations, consuming: done, whenBelow: capacity - count + 1, in: self.queue.name)
            } else {
                try await seat.commit(operations, consuming: done)
            }
            (transaction, done, isFirst) = (Transaction(), [], false)
        }
        while let rows = try await reader.next() {
            for row in rows {
                let items = try coder.decode(row.payload).compactMap(\.item)
                // A run that was ended in the middle of a row goes on there.
                let first = row.lease.id.root == position.row ? position.items : 0
                for place in first..<items.count {
                    if transaction.operations.count >= most { try await commit() }
                    NodeCounters.count(seat.node.counters.taken)
                    try transaction.push(items[place], key: "\(self.run):\(position.count)", to: self.queue)
                    position.count += 1
                    (position.row, position.items) = (row.lease.id.root, place + 1)
                }
                done.append(row.lease)
            }
            try await commit()
        }
        try await seat.commit(seat.end, consuming: reader.ends.map(\.lease))
    }
}

import Penstock
import Synchronization

extension JoinNode {
    /// Takes rows and keeps them, until every item in them has found its other; then commits the pairs.
    ///
    /// When that does not come about, what has no other yet is sent back to the node's own queue, in rows that come
    /// before all others: so often that the rows that are written again are at most as many as those that came.
    @usableFromInline
    func run(_ seat: DurableSeat) async throws {
        let name = seat.node.name
        let (first, second) = (try ItemCoder<First>(for: name), try ItemCoder<Second>(for: name))
        let output = try ItemCoder<Joined<First, Second>>(for: name)
        var reader = DurableReader(seat)
        var table = JoinTable(self.rule)
        var (kept, pairs) = ([LeaseReference](), [Envelope<Joined<First, Second>>]())
        var patience = seat.sizes.rows
        func commit(_ operations: [Operation]) async throws {
            let push = try seat.push(pairs, port: 0, output)
            try await seat.commit(push + operations, consuming: kept)
            for pair in pairs where pair.item != nil { NodeCounters.count(seat.node.counters.put) }
            (kept, pairs) = ([], [])
        }
        while let rows = try await reader.next() {
            for row in rows {
                kept.append(row.lease)
                if row.inlet == 0 {
                    for envelope in try first.decode(row.payload) {
                        if let pair = try self.keyed(envelope, 0, seat.node, { try table.takeFirst($0) }) {
                            pairs.append(pair)
                        }
                    }
                } else {
                    for envelope in try second.decode(row.payload) {
                        if let pair = try self.keyed(envelope, 1, seat.node, { try table.takeSecond($0) }) {
                            pairs.append(pair)
                        }
                    }
                }
            }
            if table.held == (0, 0) {
                try await commit([])
            } else if kept.count >= patience, rows.last?.isReturned != true {
                // What an earlier run of the node has sent back is all here, and comes before what is sent back now.
                let (left, right) = table.takeHeld()
                let returned =
                    try seat.giveBack(left, to: 0, first) + seat.giveBack(right, to: 1, second)
                patience = seat.sizes.rows + 2 * returned.count
                try await commit(returned)
            }
        }
        table.endFirst()
        table.endSecond()
        seat.node.counters.dropped.store(table.dropped, ordering: .relaxed)
        try self.check(table, seat.node)
        try await seat.finish(seat.push(pairs, port: 0, output) + seat.end, consuming: kept + reader.ends.map(\.lease))
        for pair in pairs where pair.item != nil { NodeCounters.count(seat.node.counters.put) }
    }
}

extension DurableSeat {
    /// Rows that the node sends to itself, and that come before all others.
    func giveBack<Item: Sendable>(
        _ envelopes: [Envelope<Item>],
        to inlet: Int,
        _ coder: ItemCoder<Item>
    ) throws -> [Operation] {
        let target = Target(queue: self.queue, inlet: inlet, capacity: nil)
        return try self.payloads(envelopes, coder).map { self.row($0, to: target, priority: DurableRow.returned) }
    }
}

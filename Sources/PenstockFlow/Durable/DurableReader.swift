import Penstock

/// The rows that come to a node, in the hands of its task.
@usableFromInline
struct DurableReader {
    private let seat: DurableSeat
    /// How many ports of each inlet have not ended.
    private var open: [Int]
    /// The rows that say so, which are consumed with the node's own end.
    @usableFromInline
    private(set) var ends: [DurableRow] = []
    /// The keys of the rows that the node has sent to itself in this run of it, and not got yet.
    ///
    /// Those that it sent in an earlier one come before those that say that somebody has ended.
    private var returning: Set<String> = []

    @usableFromInline
    init(_ seat: DurableSeat) {
        (self.seat, self.open) = (seat, seat.sources)
    }

    /// Remembers rows that the node sends to itself.
    mutating func expect(_ returned: [Operation]) {
        for case .push(let item) in returned { self.returning.formUnion(item.key.map { [$0] } ?? []) }
    }

    /// Leases the next rows, in the order in which they were put.
    /// - Returns: `nil` when everything has come.
    @usableFromInline
    mutating func next() async throws -> [DurableRow]? {
        while true {
            if self.returning.isEmpty, self.open.allSatisfy({ $0 == 0 }), try await self.seat.holdsAllRows {
                return nil
            }
            let rows = try await self.seat.lease(self.seat.sizes.rows).map(DurableRow.init)
            var chunks: [DurableRow] = []
            for row in rows {
                guard row.isEnd else {
                    self.returning.remove(row.key)
                    chunks.append(row)
                    continue
                }
                self.open[row.inlet] -= 1
                self.ends.append(row)
            }
            if !chunks.isEmpty { return chunks }
        }
    }
}

/// The rows that come to a node, in the hands of its task.
@usableFromInline
struct DurableReader {
    private let seat: DurableSeat
    /// How many ports of each inlet have not ended.
    private var open: [Int]
    /// The rows that say so, which are consumed with the node's own end.
    @usableFromInline
    private(set) var ends: [DurableRow] = []

    @usableFromInline
    init(_ seat: DurableSeat) {
        (self.seat, self.open) = (seat, seat.sources)
    }

    /// Leases the next rows, in the order in which they were put.
    /// - Returns: `nil` when everything has come.
    @usableFromInline
    mutating func next() async throws -> [DurableRow]? {
        while true {
            if self.open.allSatisfy({ $0 == 0 }), try await self.seat.holdsAllRows { return nil }
            let rows = try await self.seat.lease(self.seat.sizes.rows).map(DurableRow.init)
            var chunks: [DurableRow] = []
            for row in rows {
                guard row.isEnd else {
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

public import Penstock

/// How much goes through a store at once; tests make it small, so that a few items are many rows.
package struct DurableSizes: Sendable {
    /// How many rows a node leases at once, and how many may wait for it.
    package var rows = 8

    /// How many items there are in a row at most.
    package var chunk = 1024

    /// After how many bytes a row is divided, if it has several items.
    package var bytes = 1 << 20

    /// How many rows a node that has kept them lets go of in one transaction.
    package var consumed = 10_000

    /// Makes the sizes that runs have.
    package init() {}
}

/// A row of a node's queue.
@usableFromInline
struct DurableRow {
    static let end = "end"
    /// The priority of rows that a node has sent to itself.
    static let returned = 1

    @usableFromInline
    let lease: LeaseReference
    let inlet: Int
    let isEnd: Bool
    let isReturned: Bool
    @usableFromInline
    let payload: Payload

    init(_ leased: LeasedItem) {
        let parts = leased.record.key.split(separator: ":", maxSplits: 2)
        self.lease = leased.lease
        self.inlet = parts.first.flatMap { Int($0) } ?? 0
        self.isEnd = parts.count > 1 && parts[1] == Self.end
        self.isReturned = leased.record.priority == Self.returned
        self.payload = leased.record.payload
    }
}

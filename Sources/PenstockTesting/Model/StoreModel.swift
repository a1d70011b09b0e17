import Penstock

/// What a store should hold, as simply as it can be said.
struct StoreModel {
    struct Row {
        let id: ItemID
        let queue: String
        let key: String
        let priority: Int
        var due: Timestamp
        var payload: Payload
        var state = ItemState.ready
        var attempt = 0
        var result: Payload?
        /// The greatest token that was given for it.
        var token: Int64 = 0
        var lease: LeaseReference?
        var leaseEnd: Duration?
    }

    var rows: [ItemID: Row] = [:]
    /// Leases that have ended: whoever shows one is refused.
    var stale: [LeaseReference] = []

    func row(queue: String, key: String) -> Row? {
        self.rows.values.first { $0.queue == queue && $0.key == key }
    }

    /// The ready items of a queue in the order in which they are leased.
    func ready(_ queue: String, at now: Timestamp) -> [Row] {
        self.rows.values
            .filter { $0.queue == queue && $0.state == .ready && $0.lease == nil && $0.due <= now }
            .sorted { ($1.priority, $0.due, $0.id.root) < ($0.priority, $1.due, $1.id.root) }
    }

    var held: [Row] {
        self.rows.values.filter { $0.lease != nil }.sorted { $0.id < $1.id }
    }

    mutating func add(_ row: Row) {
        self.rows[row.id] = row
    }

    /// A worker has got an item.
    mutating func lease(_ leased: LeasedItem, until end: Duration?) throws {
        var row = try require(self.rows[leased.record.id], "the leased item \(leased.record.id.key) in the model")
        try expect(row.lease == nil && row.state == .ready, "nobody holds \(row.key), which is ready")
        try expect(leased.lease.token > row.token, "token \(leased.lease.token) of \(row.key) is over \(row.token)")
        try expect(leased.record.attempt, is: row.attempt + 1, "the attempt of \(row.key)")
        try expect(leased.record.payload, is: row.payload, "the payload of \(row.key)")
        (row.token, row.lease, row.leaseEnd) = (leased.lease.token, leased.lease, end)
        self.rows[row.id] = row
    }

    /// A lease has ended; `change` says what the row has come to.
    mutating func end(_ row: Row, _ change: (inout Row) -> Void) {
        var row = row
        if let lease = row.lease { self.stale.append(lease) }
        (row.lease, row.leaseEnd) = (nil, nil)
        change(&row)
        self.rows[row.id] = row
    }

    mutating func remove(_ row: Row) {
        if let lease = row.lease { self.stale.append(lease) }
        self.rows[row.id] = nil
    }

    /// Expects the store to hold what the model holds.
    func compare(with content: [ItemID: ItemRecord]) throws {
        try expect(Set(content.keys), is: Set(self.rows.keys), "the addresses of all items")
        for (id, row) in self.rows {
            let record = try require(content[id], "item \(id.key)")
            try expect(record.state, is: row.state, "the state of \(row.key)")
            try expect(record.payload, is: row.payload, "the payload of \(row.key)")
            try expect(record.attempt, is: row.attempt, "the attempts of \(row.key)")
            try expect(record.due, is: row.due, "the due time of \(row.key)")
            try expect(record.priority, is: row.priority, "the priority of \(row.key)")
            if row.state == .completed { try expect(record.result, is: row.result, "the result of \(row.key)") }
            try expect((record.settled != nil) == row.state.isSettled, "\(row.key) says when it ended if it has")
        }
    }
}

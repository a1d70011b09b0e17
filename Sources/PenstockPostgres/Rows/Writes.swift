import Penstock

/// The changes of a group, sorted by the statement that makes them.
struct Writes {
    /// By how much the counts of a queue change.
    struct Counts: Equatable {
        var ready: Int64 = 0
        var leased: Int64 = 0
        var parked: Int64 = 0
    }

    /// Rows and what was known of them before.
    struct Rows {
        private(set) var rows: [(before: PostgresRow?, after: PostgresRow)] = []
        private(set) var leases: [Int64?] = []

        var isEmpty: Bool { self.rows.isEmpty }

        mutating func add(_ before: PostgresRow?, _ after: PostgresRow, lease: Int64? = nil) {
            self.rows.append((before, after))
            self.leases.append(lease)
        }
    }

    /// Keys and their roots.
    struct Keys {
        private(set) var keys: [(queue: String, key: String, root: Int64)] = []

        var isEmpty: Bool { self.keys.isEmpty }

        mutating func add(_ record: ItemRecord) {
            guard record.id.isRoot, let key = record.chosenKey else { return }
            self.keys.append((record.queue, key, record.id.root))
        }
    }

    var inserted = Rows()
    var recorded = Rows()
    var updated = Rows()
    var marked = Rows()
    var rewritten = Rows()
    var settled = Rows()
    var revived = Rows()
    var deleted = Rows()
    var deletedSettled = Rows()
    var insertedKeys = Keys()
    var deletedKeys = Keys()
    var counts: [String: Counts] = [:]

    /// Whether there is nothing to be sent.
    var isEmpty: Bool {
        let rows = [
            self.inserted, self.recorded, self.updated, self.marked, self.rewritten, self.settled, self.revived,
            self.deleted, self.deletedSettled,
        ]
        return rows.allSatisfy(\.isEmpty)
    }

    /// Adds what has become of a row.
    ///
    /// - Parameter lease: How long the lease of a new item lasts that was leased as it was made.
    mutating func add(_ entry: PostgresTable.Entry, _ after: PostgresRow?, lease: Duration?) {
        switch (entry.before, after) {
        case (nil, nil): break
        case (nil, let after?):
            if after.record.state.isSettled {
                self.recorded.add(nil, after)
            } else {
                self.inserted.add(nil, after, lease: lease?.wholeMilliseconds)
            }
            self.insertedKeys.add(after.record)
        case (let before?, nil):
            if before.record.state.isSettled {
                self.deletedSettled.add(nil, before)
            } else {
                self.deleted.add(nil, before)
            }
            self.deletedKeys.add(before.record)
        case (let before?, let after?):
            switch (before.record.state.isSettled, after.record.state.isSettled) {
            case (false, true): self.settled.add(before, after)
            case (true, false): self.revived.add(before, after)
            case (false, false), (true, true):
                if before.isChanged(to: after) {
                    self.updated.add(before, after)
                } else if before.isResting != after.isResting || before.hasSteps != after.hasSteps {
                    self.marked.add(before, after)
                }
                if entry.isRewritten { self.rewritten.add(before, after) }
            }
        }
    }

    /// Moves a row from one count of its queue to another.
    mutating func count(_ before: PostgresRow?, _ after: PostgresRow?) {
        guard before?.count != after?.count else { return }
        if let before, let place = before.count { self.add(-1, to: place, of: before.record.queue) }
        if let after, let place = after.count { self.add(1, to: place, of: after.record.queue) }
    }

    private mutating func add(_ amount: Int64, to place: QueuePlace, of queue: String) {
        switch place {
        case .ready: self.counts[queue, default: Counts()].ready += amount
        case .leased: self.counts[queue, default: Counts()].leased += amount
        case .parked: self.counts[queue, default: Counts()].parked += amount
        }
    }
}

extension PostgresRow {
    /// Whether the row has to be written for more than a mark.
    fileprivate func isChanged(to row: PostgresRow) -> Bool {
        let (old, new) = (self.record, row.record)
        return old.state != new.state || old.due != new.due || old.attempt != new.attempt || old.token != new.token
            || old.result != new.result || (self.holder == nil) != (row.holder == nil) || self.wakes != row.wakes
    }
}

public import Penstock

/// Pages of rows, and counts.
extension SQLiteTable {
    /// Reads a page of rows.
    public func items(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        switch query.scope {
        case .waiting(let queue): try self.waiting(queue, query)
        case .roots(let queue?): try self.roots(queue, query)
        case .roots(nil): try self.roots(query)
        case .journal(let root, let run): try self.journal(root: root, run: run, query)
        }
    }

    private func journal(root: Int64, run: Int64, _ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        let statement = try self.statement(.journal)
        statement.bind(1, root)
        statement.bind(2, run)
        statement.bind(3, query.after?.id.step ?? 0)
        statement.bind(4, query.mask)
        guard query.includesDamaged else { return try self.records(statement, limit: query.limit) }
        return try self.uncheckedRecords(statement, limit: query.limit)
    }

    private func roots(_ queue: String, _ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        guard let number = try self.number(ofQueue: queue) else { return [] }
        let statement = try self.statement(.roots)
        statement.bind(1, number)
        statement.bind(2, query.after?.number ?? .max)
        statement.bind(3, query.mask)
        return try self.soundRecords(statement, limit: query.limit)
    }

    /// The roots of all queues, by leaping from tree to tree: this needs no index that every push would have to keep.
    private func roots(_ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        var records: [ItemRecord] = []
        var before = query.after?.number ?? .max
        while records.count < query.limit, let root = try self.root(before: before) {
            before = root
            let statement = try self.statement(.row)
            statement.bind(ItemID(root: root), from: 1)
            guard let record = try self.soundRecords(statement, limit: 1).first else { continue }
            if query.mask & (1 << record.state.code) != 0 { records.append(record) }
        }
        return records
    }

    /// Every row, for whoever holds them against something else.
    package var content: [ItemID: ItemRecord] {
        get throws(PenstockError) {
            let statement = try self.statement(.allAfter)
            statement.bind(ItemID(root: .min, run: .min, step: .min), from: 1)
            statement.bind(4, -1)
            return Dictionary(try self.records(statement).map { ($0.id, $0) }) { first, _ in first }
        }
    }

    private func root(before number: Int64) throws(PenstockError) -> Int64? {
        let statement = try self.statement(.rootBefore)
        defer { statement.reset() }
        statement.bind(1, number)
        return try statement.step() ? statement.optionalInteger(0) : nil
    }

    // MARK: Lanes

    /// Reads what is ready and what is parked, each in order, and merges the two.
    private func waiting(_ queue: String, _ query: ItemQuery) throws(PenstockError) -> [ItemRecord] {
        guard let number = try self.number(ofQueue: queue) else { return [] }
        let ready = try self.lanes(of: number, query, from: .ready, below: .readyBelow)
        let parked = try self.lanes(of: number, query, from: .parked, below: .parkedBelow)
        guard !parked.isEmpty else { return ready }
        return Array((ready + parked).sorted(by: Self.inLaneOrder).prefix(query.limit))
    }

    /// The rest of the lane of the row before the page, and then the lanes below it.
    private func lanes(
        of queue: Int64,
        _ query: ItemQuery,
        from: RowQuery,
        below: RowQuery
    ) throws(PenstockError) -> [ItemRecord] {
        var records: [ItemRecord] = []
        if let after = query.after {
            let place = LanePosition(due: after.due, number: after.number + 1)
            records = try self.lane(
                from,
                queue: queue,
                priority: after.priority,
                from: place,
                query.mask,
                limit: query.limit
            )
        }
        guard records.count < query.limit else { return records }
        let statement = try self.statement(below)
        statement.bind(1, queue)
        statement.bind(2, query.after.map { Int64($0.priority) } ?? .max)
        statement.bind(3, query.mask)
        return records + (try self.soundRecords(statement, limit: query.limit - records.count))
    }

    private func lane(
        _ rows: RowQuery,
        queue: Int64,
        priority: Int,
        from place: LanePosition,
        _ mask: Int64,
        limit: Int
    ) throws(PenstockError) -> [ItemRecord] {
        let statement = try self.statement(rows)
        statement.bind(1, queue)
        statement.bind(2, priority)
        statement.bind(3, place.due.milliseconds)
        statement.bind(4, place.number)
        statement.bind(5, mask)
        return try self.soundRecords(statement, limit: limit)
    }

    private static func inLaneOrder(_ left: ItemRecord, _ right: ItemRecord) -> Bool {
        guard left.priority == right.priority else { return left.priority > right.priority }
        return LanePosition(due: left.due, number: left.number) < LanePosition(due: right.due, number: right.number)
    }

    /// Reads ready rows of one lane in order.
    public func ready(
        queue: String,
        priority: Int,
        after horizon: LanePosition?,
        limit: Int
    ) throws(PenstockError) -> [ItemRecord] {
        guard let number = try self.number(ofQueue: queue) else { return [] }
        let place = horizon ?? LanePosition(due: .distantPast, number: 0)
        return try self.lane(.ready, queue: number, priority: priority, from: place, 1, limit: limit)
    }

    /// Lists the lanes that have ready rows, and how many each has.
    public func lanes() throws(PenstockError) -> [LaneCount] {
        let statement = try self.statement(.readyCounts)
        defer { statement.reset() }
        var lanes: [LaneCount] = []
        while try statement.step() {
            lanes.append(
                LaneCount(
                    queue: try self.name(ofQueue: statement.integer(0)),
                    priority: Int(statement.integer(1)),
                    count: Int(statement.integer(2))
                )
            )
        }
        return lanes
    }

    /// Counts the parked and diverged rows of every queue that has any.
    public func parked() throws(PenstockError) -> [String: Int] {
        let statement = try self.statement(.parkedCounts)
        defer { statement.reset() }
        var counts: [String: Int] = [:]
        while try statement.step() {
            counts[try self.name(ofQueue: statement.integer(0))] = Int(statement.integer(1))
        }
        return counts
    }
}

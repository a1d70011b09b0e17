/// Pushing, calling, settling.
extension TransactionApplier {
    mutating func push(_ item: NewItem) throws(PenstockError) -> (ItemID?, Bool) {
        try Limits.checkName(item.queue)
        try Limits.checkPayload(item.payload, queue: item.queue, key: item.key)
        try Limits.checkPriority(item.priority, queue: item.queue)
        if let replyTo = item.replyTo { try Limits.checkName(replyTo) }
        if let key = item.key {
            try Limits.checkKey(key, queue: item.queue)
            if let there = try self.table.item(queue: item.queue, key: key) {
                switch item.onDuplicate {
                case .ignore: return (there.id, true)
                case .refuse:
                    throw PenstockError(
                        .duplicateKey,
                        "key '\(key)' is in queue '\(item.queue)' already (\(there.state.rawValue)): nothing changed"
                    )
                case .replace: try self.makeWay(there)
                }
            }
        }
        if let capacity = item.capacity, try self.unsettled(in: item.queue) >= capacity {
            throw PenstockError(
                .queueFull,
                "queue '\(item.queue)' holds \(capacity) items, as many as it may; take some out or wait"
            )
        }
        let number = try self.table.nextNumber(after: 0)
        let id = ItemID(root: number)
        let record = ItemRecord(
            id: id,
            number: number,
            queue: item.queue,
            key: item.key,
            priority: item.priority,
            due: max(item.due ?? self.now, self.now),
            created: self.now,
            digest: item.payload.digest,
            payload: item.payload,
            replyTo: item.replyTo
        )
        guard try self.table.insert(record) else {
            throw PenstockError(
                .conflict,
                "item \(id.key) of queue '\(item.queue)' is there already: the store is damaged"
            )
        }
        let entry = ReadyItem(record, isNew: true)
        self.note(IndexChange(id: id, queue: item.queue, from: nil, to: .ready, item: entry))
        return (id, false)
    }

    /// Removes an item that is to be replaced.
    private mutating func makeWay(_ record: ItemRecord) throws(PenstockError) {
        guard record.state.isSettled || record.state == .ready, try !self.isHeld(record.id) else {
            throw PenstockError(
                .duplicateKey,
                """
                key '\(record.key)' in queue '\(record.queue)' is in flight and cannot be replaced: wait for its end, \
                or cancel it first
                """
            )
        }
        try self.withhold(record)
        try self.deleteTree(record)
    }

    mutating func call(_ step: NewStep) throws(PenstockError) -> ItemID {
        try Limits.checkPayload(step.payload, queue: step.queue, key: step.id.key)
        // A number that is left out tells where one activation ends and the next begins: see `retryTree`.
        if !self.hasCalled { _ = try self.table.nextNumber(after: step.id.run) }
        self.hasCalled = true
        let number = try self.table.nextNumber(after: step.id.run)
        let isRecorded = step.result != nil
        let record = ItemRecord(
            id: step.id,
            number: number,
            queue: step.queue,
            state: isRecorded ? .completed : .ready,
            priority: step.priority,
            due: self.now,
            created: self.now,
            settled: isRecorded ? self.now : nil,
            digest: step.digest,
            payload: step.payload,
            result: step.result,
            caller: step.caller
        )
        guard try self.table.insert(record) else {
            throw PenstockError(
                .leaseLost,
                "step \(step.id.step) of run \(step.caller.key) is in its journal already: another worker has gone on"
            )
        }
        if !isRecorded {
            let entry = ReadyItem(record, isNew: true)
            self.note(IndexChange(id: step.id, queue: step.queue, from: nil, to: .ready, item: entry))
        }
        return step.id
    }

    mutating func settle(_ lease: LeaseReference, _ settlement: Settlement) throws(PenstockError) {
        guard let hold = try self.hold(lease) else { throw Self.leaseLost(lease) }
        switch settlement {
        case .complete(let result, let heardBy):
            try Limits.checkPayload(result, queue: hold.queue, key: lease.id.key)
            try self.end(
                lease,
                hold,
                self.change(to: .completed, under: lease, hold, result),
                wakes: try !self.isHeld(under: heardBy)
            )
        case .fail(let failure, let heardBy):
            try self.end(
                lease,
                hold,
                self.change(to: .failed, under: lease, hold, try Payload(encoding: failure)),
                wakes: try !self.isHeld(under: heardBy)
            )
        case .consume:
            guard let record = try self.table.item(lease.id) else { throw Self.leaseLost(lease) }
            guard record.caller == nil else {
                throw PenstockError(
                    .conflict,
                    "item \(record.key) of queue '\(record.queue)' was called by a run: complete it with a result"
                )
            }
            try self.deleteTree(record)
        case .retry(let delay, let failure):
            try self.giveBack(
                lease,
                hold,
                due: self.now + max(delay, .zero),
                attempt: hold.attempt,
                result: try Payload(encoding: failure)
            )
        case .release:
            try self.giveBack(lease, hold, due: nil, attempt: hold.attempt - 1, result: nil)
        case .rest:
            self.note(
                IndexChange(id: lease.id, queue: hold.queue, from: nil, to: nil, endsLease: false, isAtRest: true)
            )
        case .park(let news):
            guard !self.hasNews(lease.id, since: news, hold: hold) else { return }
            let change = RowChange(state: .parked, due: hold.item.position.due, attempt: 0, token: lease.token)
            guard try self.table.update(lease.id, expecting: [.ready, .parked], change) else {
                throw Self.leaseLost(lease)
            }
            self.note(
                IndexChange(
                    id: lease.id,
                    queue: hold.queue,
                    from: .ready,
                    to: .parked,
                    endsLease: false,
                    isAtRest: true
                )
            )
        case .diverge(let report):
            let change = self.change(to: .diverged, under: lease, hold, try Payload(encoding: report))
            guard try self.table.update(lease.id, expecting: [.ready, .parked], change) else {
                throw Self.leaseLost(lease)
            }
            self.note(IndexChange(id: lease.id, queue: hold.queue, from: .ready, to: .diverged))
        }
    }

    /// What a row says when its holder leaves it in a state, with what it has come to.
    private func change(
        to state: ItemState,
        under lease: LeaseReference,
        _ hold: Hold,
        _ result: Payload
    ) -> RowChange {
        RowChange(
            state: state,
            due: hold.item.position.due,
            attempt: hold.attempt,
            token: lease.token,
            settled: state.isSettled ? self.now : nil,
            result: result
        )
    }

    /// Ends an item under its lease.
    private mutating func end(
        _ lease: LeaseReference,
        _ hold: Hold,
        _ change: RowChange,
        wakes: Bool
    ) throws(PenstockError) {
        guard try self.table.update(lease.id, expecting: [.ready, .parked], change) else { throw Self.leaseLost(lease) }
        self.note(IndexChange(id: lease.id, queue: hold.queue, from: .ready, to: nil))
        try self.announce(lease.id, caller: hold.item.caller, replies: hold.item.replies, wakes: wakes, change)
    }

    /// Sends what an item ended with where it is waited for.
    mutating func announce(
        _ id: ItemID,
        caller: ItemID?,
        replies: Bool,
        wakes: Bool,
        _ change: RowChange
    ) throws(PenstockError) {
        if wakes, let caller { try self.wake(caller, step: id.step) }
        guard replies, change.state == .completed, let result = change.result else { return }
        guard let record = try self.table.item(id), let replyTo = record.replyTo else { return }
        _ = try self.push(NewItem(queue: replyTo, key: record.chosenKey, payload: result, onDuplicate: .ignore))
    }

    /// Makes a run that waits ready again, or tells its holder.
    mutating func wake(_ id: ItemID, step: Int) throws(PenstockError) {
        guard let run = try self.table.item(id) else { return }
        guard run.state == .parked else {
            if run.state == .ready {
                self.note(IndexChange(id: id, queue: run.queue, from: nil, to: nil, endsLease: false, newsOf: step))
            }
            return
        }
        let change = RowChange(state: .ready, due: run.due, attempt: run.attempt, token: run.token)
        guard try self.table.update(id, expecting: .parked, change) else { return }
        var ready = run
        ready.state = .ready
        self.note(
            IndexChange(
                id: id,
                queue: run.queue,
                from: .parked,
                to: .ready,
                item: ReadyItem(ready),
                endsLease: false,
                newsOf: step
            )
        )
    }

    /// Ends a lease and makes the item ready again.
    private mutating func giveBack(
        _ lease: LeaseReference,
        _ hold: Hold,
        due: Timestamp?,
        attempt: Int,
        result: Payload?
    ) throws(PenstockError) {
        guard var record = try self.table.item(lease.id) else { throw Self.leaseLost(lease) }
        record.due = due ?? record.due
        record.token = lease.token
        record.attempt = attempt
        record.result = result
        let change = RowChange(
            state: .ready,
            due: record.due,
            attempt: attempt,
            token: lease.token,
            result: result
        )
        guard try self.table.update(lease.id, expecting: [.ready, .parked], change) else { throw Self.leaseLost(lease) }
        record.state = .ready
        self.note(
            IndexChange(id: lease.id, queue: record.queue, from: .ready, to: .ready, item: ReadyItem(record))
        )
    }

    package static func leaseLost(_ lease: LeaseReference) -> PenstockError {
        PenstockError(
            .leaseLost,
            """
            the lease on item \(lease.id.key) (token \(lease.token)) has ended: it was settled or has expired, or \
            somebody took the item over; nothing was changed
            """
        )
    }
}

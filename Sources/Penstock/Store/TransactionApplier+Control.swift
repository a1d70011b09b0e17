/// External tasks, plain queue operations, and what operators ask for.
extension TransactionApplier {
    mutating func resolve(_ reference: ItemReference, _ resolution: Resolution) throws(PenstockError) -> ItemID {
        let record = try self.find(reference)
        guard record.state == .ready else {
            throw PenstockError(
                .conflict,
                "key '\(record.key)' in queue '\(record.queue)' was \(record.state.rawValue) already: nothing changed"
            )
        }
        try self.withhold(record)
        let change: RowChange
        switch resolution {
        case .resolve(let result):
            try Limits.checkPayload(result, queue: record.queue, key: record.key)
            change = RowChange(
                state: .completed,
                due: record.due,
                attempt: record.attempt + 1,
                token: try self.freshToken(after: record),
                settled: self.now,
                result: result
            )
        case .reject(let failure):
            change = RowChange(
                state: .failed,
                due: record.due,
                attempt: record.attempt + 1,
                token: try self.freshToken(after: record),
                settled: self.now,
                result: try Payload(encoding: failure)
            )
        }
        try self.finish(record, change)
        return record.id
    }

    /// Ends an item that nobody holds, or whose holder is overruled.
    private mutating func finish(_ record: ItemRecord, _ change: RowChange) throws(PenstockError) {
        guard try self.table.update(record.id, expecting: .unsettled, change) else {
            throw PenstockError(.conflict, "key '\(record.key)' in queue '\(record.queue)' has ended meanwhile")
        }
        self.note(IndexChange(id: record.id, queue: record.queue, from: record.state, to: nil, isForced: true))
        try self.announce(
            record.id,
            caller: record.caller,
            replies: record.replyTo != nil,
            wakes: true,
            change
        )
    }

    mutating func append(_ element: Payload, queue: String, key: String) throws(PenstockError) -> ItemID {
        guard let record = try self.table.find(queue: queue, key: key) else {
            let list = Payload(bytes: [UInt8(ascii: "[")] + element.bytes + [UInt8(ascii: "]")])
            let (id, _) = try self.push(NewItem(queue: queue, key: key, payload: list, onDuplicate: .refuse))
            return id ?? ItemID(root: 0)
        }
        guard record.state == .ready, record.payload.bytes.last == UInt8(ascii: "]") else {
            throw PenstockError(
                .conflict,
                "key '\(key)' in queue '\(queue)' is \(record.state.rawValue) or holds no list: nothing was added"
            )
        }
        var list = record
        var bytes = Array(record.payload.bytes.dropLast())
        if bytes != [UInt8(ascii: "[")] { bytes.append(UInt8(ascii: ",")) }
        list.payload = Payload(bytes: bytes + element.bytes + [UInt8(ascii: "]")])
        list.digest = list.payload.digest
        try Limits.checkPayload(list.payload, queue: queue, key: key)
        try self.withhold(record)
        try self.table.rewrite(list)
        self.note(
            IndexChange(id: record.id, queue: queue, from: .ready, to: .ready, item: ReadyItem(list))
        )
        return record.id
    }

    mutating func pop(_ reference: ItemReference) throws(PenstockError) -> ItemID {
        let record = try self.findToRemove(reference)
        guard record.id.isRoot, record.state != .parked, record.state != .diverged else {
            throw PenstockError(
                .conflict,
                """
                key '\(record.key)' in queue '\(record.queue)' belongs to a run: cancel or delete the run instead of \
                popping it
                """
            )
        }
        try self.withhold(record)
        try self.deleteTree(record)
        return record.id
    }

    mutating func clear(queue: String) throws(PenstockError) {
        var after: ItemRecord?
        repeat {
            let page = try self.table.items(ItemQuery(.waiting(queue: queue), states: [.ready], after: after))
            for record in page where record.id.isRoot {
                guard try !self.isHeld(record.id) else { continue }
                try self.withhold(record)
                try self.deleteTree(record)
            }
            after = page.last
        } while after != nil
    }

    // MARK: Control

    mutating func control(_ reference: ItemReference, _ verb: ControlVerb) throws(PenstockError) -> ItemID {
        let record = verb == .delete ? try self.findToRemove(reference) : try self.find(reference)
        switch verb {
        case .cancel: try self.cancel(record)
        case .restart: try self.restart(record)
        case .retry: try self.retry(record)
        case .resume: try self.resume(record)
        case .delete: try self.delete(record)
        }
        return record.id
    }

    private mutating func cancel(_ record: ItemRecord) throws(PenstockError) {
        guard !record.state.isSettled else { throw Self.refused("cancel", record, "it has ended") }
        try self.cancelSteps(of: record)
        let failure = Failure(
            .cancelled,
            pipeline: record.queue,
            message: "cancelled on request",
            attempts: record.attempt
        )
        try self.finish(
            record,
            RowChange(
                state: .cancelled,
                due: record.due,
                attempt: record.attempt,
                token: try self.freshToken(after: record),
                settled: self.now,
                result: try Payload(encoding: failure)
            )
        )
    }

    /// Cancels everything below a run that has not ended.
    ///
    /// Nobody is woken: the run they would wake is ending too.
    private mutating func cancelSteps(of run: ItemRecord) throws(PenstockError) {
        try self.forEachStep(of: run) { applier, step throws(PenstockError) in
            try applier.cancelTree(step, because: "the run that called it was cancelled")
        }
    }

    /// Cancels a step whose run has ended without it, and everything below.
    mutating func abandon(_ id: ItemID) throws(PenstockError) {
        guard let step = try self.table.item(id) else { return }
        try self.cancelTree(step, because: "the run that called it ended without waiting for it")
    }

    private mutating func cancelTree(_ step: ItemRecord, because reason: String) throws(PenstockError) {
        guard !step.state.isSettled else { return }
        try self.cancelSteps(of: step)
        let failure = Failure(.cancelled, pipeline: step.queue, message: reason, attempts: step.attempt)
        let change = RowChange(
            state: .cancelled,
            due: step.due,
            attempt: step.attempt,
            token: try self.freshToken(after: step),
            settled: self.now,
            result: try Payload(encoding: failure)
        )
        guard try self.table.update(step.id, expecting: .unsettled, change) else { return }
        self.note(IndexChange(id: step.id, queue: step.queue, from: step.state, to: nil, isForced: true))
    }

    private mutating func restart(_ record: ItemRecord) throws(PenstockError) {
        guard record.id.isRoot || !record.state.isSettled else {
            throw Self.refused("restart", record, "the run that called it knows its result: restart that one")
        }
        try self.forEachStep(of: record) { applier, step throws(PenstockError) in try applier.deleteTree(step) }
        try self.rearm(record, state: .ready)
    }

    private mutating func retry(_ record: ItemRecord) throws(PenstockError) {
        guard record.state == .failed || record.state == .cancelled else {
            throw Self.refused("retry", record, "only what has failed or was cancelled is tried again")
        }
        guard record.id.isRoot else {
            throw Self.refused("retry", record, "the run that called it knows of the failure: retry that one")
        }
        try self.retryTree(record)
    }

    /// Makes the last steps of a failed run that have failed ready again, and the run with them.
    private mutating func retryTree(_ run: ItemRecord) throws(PenstockError) {
        var steps: [ItemRecord] = []
        try self.forEachStep(of: run) { _, step in steps.append(step) }
        // What failed before the run went on was dealt with by the run; only what nothing came after is tried again.
        // Times are whole milliseconds, so steps of one activation are told from those of the next by their numbers.
        var failed: [ItemRecord] = []
        var later = Timestamp.distantPast
        var batch = Timestamp.distantPast
        for (place, step) in steps.enumerated().reversed() {
            let isLast = place + 1 == steps.count || steps[place + 1].number != step.number &+ 1
            if isLast { (later, batch) = (max(later, batch), step.created) }
            // What stands in for a step that was set aside calls nothing, so there is nothing to be tried again.
            guard step.state == .failed || step.state == .cancelled, step.queue != NewStep.quarantined else { continue }
            if step.settled ?? .distantFuture > later || later == .distantPast { failed.append(step) }
        }
        for step in failed { try self.retryTree(step) }
        try self.rearm(run, state: failed.isEmpty ? .ready : .parked)
    }

    private mutating func resume(_ record: ItemRecord) throws(PenstockError) {
        guard record.state == .diverged else { throw Self.refused("resume", record, "it is not diverged") }
        try self.rearm(record, state: .ready)
    }

    /// Sets a row back to its beginning, under a token that no holder has.
    private mutating func rearm(_ record: ItemRecord, state: ItemState) throws(PenstockError) {
        var ready = record
        (ready.state, ready.attempt, ready.due, ready.result, ready.settled) = (state, 0, self.now, nil, nil)
        // Whoever begins to work on it before the group is durable would lose it to the news of that.
        try self.keepFromWorkers(record)
        ready.token = try self.freshToken(after: record)
        let change = RowChange(state: state, due: self.now, attempt: 0, token: ready.token)
        guard try self.table.update(record.id, expecting: [.settled, .unsettled], change) else {
            throw PenstockError(.notFound, "key '\(record.key)' in queue '\(record.queue)' is gone")
        }
        self.note(
            IndexChange(
                id: record.id,
                queue: record.queue,
                from: record.state,
                to: state,
                item: state == .ready ? ReadyItem(ready) : nil,
                isForced: true
            )
        )
    }

    private mutating func delete(_ record: ItemRecord) throws(PenstockError) {
        guard record.id.isRoot else { throw Self.refused("delete", record, "it belongs to the journal of a run") }
        guard try !self.isHeld(record.id) else {
            throw Self.refused("delete", record, "it is at work: cancel it first")
        }
        // Nobody may begin to work on it until it is gone.
        try self.withhold(record)
        try self.deleteTree(record)
    }

    /// Removes an item and everything below it, ending the leases on them.
    mutating func deleteTree(_ record: ItemRecord) throws(PenstockError) {
        try self.forEachStep(of: record) { applier, step throws(PenstockError) in try applier.deleteTree(step) }
        try self.table.delete(record.id)
        self.note(IndexChange(id: record.id, queue: record.queue, from: record.state, to: nil, isForced: true))
    }

    /// Visits the steps of a run, page by page.
    private mutating func forEachStep(
        of run: ItemRecord,
        _ body: (inout TransactionApplier, ItemRecord) throws(PenstockError) -> Void
    ) throws(PenstockError) {
        // Rows that are damaged are visited too. Numbers grow from a run to its steps; where they do not, a journal
        // could turn out to be its own.
        guard run.id.isRoot || run.number > run.id.run, try self.table.mayHaveSteps(run.id) else { return }
        var after: ItemRecord?
        repeat {
            var query = ItemQuery(.journal(root: run.id.root, run: run.number), after: after)
            query.includesDamaged = true
            let page = try self.table.items(query)
            for step in page { try body(&self, step) }
            after = page.last
        } while after != nil
    }

    private static func refused(_ verb: String, _ record: ItemRecord, _ reason: String) -> PenstockError {
        PenstockError(
            .conflict,
            "cannot \(verb) key '\(record.key)' in queue '\(record.queue)' (\(record.state.rawValue)): \(reason)"
        )
    }
}

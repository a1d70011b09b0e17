public import Penstock

/// Leasing, and waiting for what may be leased.
extension PostgresStore {
    /// Leases up to `request.limit` items, waiting until there is at least one.
    public func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        try self.checkOpen()
        switch request.choice {
        case .next: break
        case .key, .matching: return try await self.reserveChosen(request)
        }
        let number = self.desk.number()
        let outcome: Result<[LeasedItem], PenstockError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let wish = Wish(number: number, request: request, continuation: continuation)
                switch self.desk.add(wish) {
                case nil: continuation.resume(returning: .failure(Self.closed))
                case true?: self.poke()
                case false?: break
                }
            }
        } onCancel: {
            self.desk.remove(number, from: request.queue)?.continuation.resume(returning: .failure(Self.closed))
        }
        return try outcome.get()
    }

    /// Leases one item that is chosen by its content, reading rows to find it.
    private func reserveChosen(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        while true {
            try self.checkOpen()
            let ticket = self.choice.ticket(for: request.queue)
            do throws(PenstockError) {
                if let leased = try await self.leaseChosen(request) {
                    self.choice.discard(ticket)
                    return [leased]
                }
            } catch {
                self.choice.discard(ticket)
                throw error
            }
            guard request.waits else {
                self.choice.discard(ticket)
                return []
            }
            _ = await self.choice.wait(ticket)
        }
    }

    private func leaseChosen(_ request: ReserveRequest) async throws(PenstockError) -> LeasedItem? {
        switch request.choice {
        case .next: return try await self.reserve(request).first
        case .key(let key):
            guard let record = try await self.item(.key(queue: request.queue, key)) else { return nil }
            return try await self.lease(record, request)
        case .matching(let fits):
            var after: ItemRecord?
            repeat {
                let page = try await self.items(
                    ItemQuery(.waiting(queue: request.queue), states: [.ready], after: after)
                )
                for record in page where fits(record) {
                    if let leased = try await self.lease(record, request) { return leased }
                }
                after = page.last
            } while after != nil
            return nil
        }
    }

    private func lease(_ record: ItemRecord, _ request: ReserveRequest) async throws(PenstockError) -> LeasedItem? {
        let now = self.clock.now
        if record.state == .ready, record.due > now { self.ring(in: record.due - now) }
        guard record.state == .ready, record.due <= now || record.isImmediate else { return nil }
        let (id, clock, holds) = (record.id, self.clock, self.holds)
        let leased = try await self.perform { table throws(PenstockError) in
            var values = PostgresValues()
            values.append(request.queue)
            values.append(table.process)
            values.append(request.duration?.wholeMilliseconds)
            values.append(clock.leaseTime)
            values.append(clock.now.milliseconds)
            values.append(id.root)
            values.append(id.run)
            values.append(Int32(clamping: id.step))
            let rows = try table.ask(table.statements.claimOne, values)
            guard rows.count > 0 else { return (item: LeasedItem, row: PostgresRow)?.none }
            do throws(PostgresError) {
                let row = try PostgresRow(rows, 0)
                var record = row.record
                record.token = try rows.int64(0, 23)
                let lease = LeaseReference(id: id, token: row.record.token)
                return (LeasedItem(record: record, lease: lease, isFresh: !row.hasSteps), row)
            } catch {
                throw error.wrapped()
            }
        } then: { leased in
            if let leased { holds.add(leased.row, for: request.holder) }
        }
        if leased != nil, let duration = request.duration { self.ring(in: duration) }
        return leased?.item
    }

    /// Waits until there is news of what `holder` holds.
    public func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        while true {
            try self.checkOpen()
            let ticket = self.newsletter.ticket(for: holder)
            if let news = self.takeNews(for: holder) {
                self.newsletter.discard(ticket)
                return news
            }
            _ = await self.newsletter.wait(ticket)
        }
    }

    // MARK: Time

    /// Ends the leases whose time is over, and lets those look again who wait for what is due now.
    func timePassed() {
        for queue in self.choice.names.sorted() { self.choice.wake(queue) }
        if self.desk.hintAll() { self.poke() }
        self.environment.task { [weak self] in await self?.endLeases() }
    }

    /// Ends the leases whose time is over, whoever holds them.
    private func endLeases() async {
        do throws(PenstockError) {
            let (began, time) = (self.clock.uptime, self.clock.leaseTime)
            let (ended, next) = try await self.read { reader throws(PostgresError) in try reader.endedLeases(time) }
            for lease in ended { await self.expire(lease) }
            let passed = self.clock.uptime - began
            if ended.count == 100 { self.ring(in: .zero) } else if let next { self.ring(in: next - passed) }
        } catch {
            // Whatever keeps this process from it: it looks again, and every other process looks as well.
            self.ring(in: .seconds(1))
        }
    }

    private func expire(_ lease: LeaseReference) async {
        let failure = Failure(.timedOut, pipeline: lease.id.key, message: "the lease ended before it was settled")
        do throws(PenstockError) {
            _ = try await self.commit(Transaction([.settle(lease, .retry(after: .zero, failure))]))
        } catch  where error.code == .leaseLost {
            // Settled in the meantime, or ended by another process: there is nothing left to end.
        } catch {
            self.ring(in: .seconds(1))
        }
    }
}

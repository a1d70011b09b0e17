import Synchronization

/// Leasing, and waiting for what may be leased.
extension EmbeddedStore {
    /// Leases up to `request.limit` items, waiting until there is at least one.
    public func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        switch request.choice {
        case .next: break
        case .key, .matching: return try await self.reserveChosen(request)
        }
        while true {
            let claims = try await self.claims(request)
            let items = try await self.leased(claims)
            if !items.isEmpty || !request.waits { return items }
            // Everything that was claimed had ended before: there may be more.
        }
    }

    /// Completes claims with their rows.
    /// - Throws: when none could be completed, and one of them for an error.
    private func leased(_ claims: Reservers.Claims) async throws(PenstockError) -> [LeasedItem] {
        var items: [LeasedItem] = []
        items.reserveCapacity(claims.count)
        var problem: PenstockError?
        for (item, token) in claims {
            do throws(PenstockError) {
                if let leased = try await self.leased(item, token: token) { items.append(leased) }
            } catch {
                problem = error
            }
        }
        // What could be read can be worked on, whatever keeps the rest from being read.
        if let problem, items.isEmpty { throw problem }
        return items
    }

    /// Completes a claim with the row, reading it if it is not at hand.
    private func leased(_ item: ReadyItem, token: Int64) async throws(PenstockError) -> LeasedItem? {
        let lease = LeaseReference(id: item.id, token: token)
        self.ledger?.began(lease)
        var record = item.record
        if record == nil {
            do throws(PenstockError) {
                record = try await Self.run(self.reader) { table throws(PenstockError) in try table.item(item.id) }
            } catch  where error.code == .damaged {
                // One bad row stops nobody else, and is not offered again.
                self.giveBack(lease) { $0.drop(lease) }
                self.environment.report?(Notice(.error, "not worked on, because \(error.message)"))
                return nil
            } catch {
                // Nothing was written under the claim, and nothing may be writable now.
                self.giveBack(lease) { $0.giveUp(lease) }
                self.offer([item.queue])
                throw error
            }
        }
        guard var record, record.state == .ready else {
            self.giveBack(lease) { $0.drop(lease) }
            // Somebody may have begun to wait for the end of an item that seemed to be at work.
            if record?.state.isSettled ?? true { self.endings.wake(item.id, with: .unread) }
            return nil
        }
        // The lease has ended before it could begin, by its time or by force, and whoever did that sees to the item.
        guard record.token < token else { return nil }
        if item.record == nil {
            // The row may have changed between being read and being claimed: another attempt, or a later due time.
            self.index.withLock { $0.correct(lease, by: record) }
            guard record.due <= self.clock.now || record.due == item.position.due else {
                self.giveBack(lease) { $0.giveUp(lease) }
                return nil
            }
        }
        record.attempt += 1
        return LeasedItem(record: record, lease: lease, isFresh: item.isNew)
    }

    /// Ends a claim under which nobody has worked, and which nobody is to be charged for.
    private func giveBack(_ lease: LeaseReference, _ end: (inout QueueIndex) -> Void) {
        // As long as it is held, nobody else can have begun with the item.
        self.ledger?.ended([lease.id])
        self.index.withLock { end(&$0) }
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
        if record.state == .ready, record.due > now { self.alarm?.set(in: record.due - now) }
        let uptime = self.clock.uptime
        let token = self.index.withLock { $0.reserve(record, request, now: now, uptime: uptime) }
        guard let token else { return nil }
        self.watch(request.duration)
        // The row may have ended between being read and being claimed, so it is read again under the claim.
        return try await self.leased(ReadyItem(record).unread, token: token)
    }

    /// Moves the end of leases to `duration` from now; `nil` means as long as the process lives.
    public func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        let end = duration.map { self.clock.uptime + $0 }
        for lease in leases {
            guard self.index.withLock({ $0.extend(lease, expires: end) }) else {
                throw TransactionApplier.leaseLost(lease)
            }
        }
        self.watch(duration)
    }

    /// Gives a parked run back to the store without a change to its row.
    public func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        let (isBack, readied) = self.index.withLock { $0.relinquish(lease, news: news) }
        if let readied { self.offer([readied]) }
        return isBack
    }

    /// Waits until there is news of what `holder` holds.
    public func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        while true {
            try self.checkOpen()
            let ticket = self.newsletter.ticket(for: holder)
            if let news = self.pendingNews.withLock({ $0.removeValue(forKey: holder) }) {
                self.newsletter.discard(ticket)
                return news.values.sorted { ($0.id, $0.lease.token) < ($1.id, $1.lease.token) }
            }
            _ = await self.newsletter.wait(ticket)
        }
    }
}

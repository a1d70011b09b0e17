public import Penstock

/// Writing.
extension PostgresStore {
    /// Applies a transaction, all or none, and returns once it is durable.
    public func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        let outcome: Result<Receipt, PenstockError> = await withCheckedContinuation { continuation in
            self.submit(transaction) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Hands in a transaction; `completion` hears of its outcome on the writer's thread.
    public func submit(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
    ) {
        if let error = transaction.objection(in: self) { return completion(.failure(error)) }
        guard let mustDrain = self.inbox.add(.init(transaction: transaction, completion: completion)) else {
            return completion(.failure(PenstockError(.storeClosed, "the store was closed; nothing was changed")))
        }
        if mustDrain { self.poke() }
    }

    /// Moves the end of leases to `duration` from now; `nil` means as long as the process lives.
    public func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        guard !leases.isEmpty else { return }
        let lost = try await self.perform { [clock = self.clock] table throws(PenstockError) in
            var values = PostgresValues(addresses: leases.map(\.id))
            values.append(leases.map(\.token))
            values.append(clock.leaseTime)
            values.append(duration?.wholeMilliseconds)
            let rows = try table.ask(table.statements.extend, values)
            guard rows.count < leases.count else { return LeaseReference?.none }
            let found = try rows.addresses()
            return leases.first { !found.contains($0.id) }
        }
        if let lost { throw TransactionApplier.leaseLost(lost) }
        if let duration { self.ring(in: duration) }
    }

    /// Gives an item back to the store as it was before it was leased, unless there has been news of it.
    public func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        do throws(PenstockError) {
            let holds = self.holds
            let (isBack, queue) = try await self.perform { table throws(PenstockError) in
                try table.giveBack(lease, news: news)
            } then: { outcome in
                if outcome.isBack { holds.remove(lease) }
            }
            if let queue { self.readied([queue]) }
            return isBack
        } catch {
            // The process lets go of it as best it can: its own end, or that of the lease, gives the item back.
            self.environment.report?(Notice(.warning, "item \(lease.id.key) was not given back: \(error)"))
            return true
        }
    }
}

extension PostgresTable {
    /// Takes an item back as it was before it was leased, unless there has been more news of it.
    /// - Returns: whether the lease is over, and the queue in which the item is ready now, if it is.
    fileprivate func giveBack(
        _ lease: LeaseReference,
        news: Int
    ) throws(PenstockError) -> (isBack: Bool, queue: String?) {
        guard let hold = try self.hold(on: lease.id), hold.token == lease.token else { return (true, nil) }
        guard hold.news <= news else { return (false, nil) }
        self.change(lease.id) { row in
            // Whoever had it has not tried.
            row.record.attempt = max(row.record.attempt - 1, 0)
            (row.holder, row.wakes, row.isResting) = (nil, 0, false)
        }
        return (true, hold.state == .ready ? hold.queue : nil)
    }
}

extension PostgresRows {
    /// The addresses in the first three columns.
    func addresses() throws(PenstockError) -> Set<ItemID> {
        do throws(PostgresError) {
            var found = Set<ItemID>()
            for row in 0..<self.count {
                let step = Int(try self.int32(row, 2))
                found.insert(ItemID(root: try self.int64(row, 0), run: try self.int64(row, 1), step: step))
            }
            return found
        } catch {
            throw error.wrapped()
        }
    }
}

import Synchronization

/// Giving what is ready to those who wait for it.
extension EmbeddedStore {
    /// Claims up to `request.limit` items, waiting until there is at least one if that is wanted.
    func claims(_ request: ReserveRequest) async throws(PenstockError) -> Reservers.Claims {
        try self.checkOpen()
        let clock = self.clock
        let (claims, isLow) = self.index.withLock { index in
            (index.reserve(request, now: clock.now, uptime: clock.uptime), index.isLow(request.queue))
        }
        // A lane that has run low is read on before it is empty.
        if !claims.isEmpty || !(request.waits || isLow) {
            if !claims.isEmpty { self.watch(request.duration) }
            if isLow { self.readOn() }
            return claims
        }
        let number = self.reservations.add(1, ordering: .relaxed).newValue
        let outcome: Result<Reservers.Claims, PenstockError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.wait(Reservers.Reserver(number: number, request: request, continuation: continuation))
            }
        } onCancel: {
            let continuation = self.index.withReservers { $1.remove(number, from: request.queue) }
            continuation?.resume(returning: .failure(Self.closed))
        }
        return try outcome.get()
    }

    /// Enters somebody who waits, or answers at once if there is something by now, or nothing to be waited for.
    private func wait(_ reserver: Reservers.Reserver) {
        let queue = reserver.request.queue
        let entry: (answers: [Reservers.Answer], isLow: Bool, due: Timestamp?)?
        entry = self.index.withReservers { index, reservers in
            // Whoever closes the store or cancels the task does so before asking for this lock.
            guard !self.inbox.isClosed, !Task.isCancelled else { return nil }
            reservers.add(reserver)
            let answers = reservers.fill(queue, from: &index, clock: self.clock)
            return (answers, index.isLow(queue), index.nextDue(in: queue))
        }
        guard let (answers, isLow, due) = entry else {
            return reserver.continuation.resume(returning: .failure(self.loss ?? Self.closed))
        }
        self.answer(answers)
        if isLow { self.readOn() }
        if let due { self.alarm?.set(in: due - self.clock.now) }
    }

    /// Ends waits.
    ///
    /// Who was given something may be slow to hear of it, so its time is watched from here.
    func answer(_ answers: [Reservers.Answer]) {
        for (reserver, outcome) in answers {
            if case .success = outcome { self.watch(reserver.request.duration) }
            reserver.continuation.resume(returning: outcome)
        }
    }

    /// Sees to it that leases end that last for a while from now.
    func watch(_ duration: Duration?) {
        if let duration { self.alarm?.set(in: duration) }
    }

    /// Has the writer read on for the lanes that have run low, and give what it finds to those who wait.
    func readOn() {
        _ = self.writer.post { [self] table in self.readOn(table) }
    }

    private func readOn(_ table: Runner.Table) {
        var isProgress = true
        while isProgress {
            do throws(PenstockError) {
                try self.refill(from: table)
            } catch {
                self.answer(
                    self.index.withReservers { index, reservers in
                        reservers.fail(error) { index.isLow($0) }
                    }
                )
                return
            }
            let queues = self.index.withReservers { $1.names }
            isProgress = self.offerReady(queues) && self.isAnyLow(queues)
        }
        self.answer(self.index.withReservers { $1.dismiss() })
    }

    private func refill(from table: Runner.Table) throws(PenstockError) {
        for (queue, priority, horizon) in self.index.withLock({ $0.lanesToRefill() }) {
            let records = try table.ready(queue: queue, priority: priority, after: horizon, limit: Lane.capacity)
            self.index.withLock { $0.refill(queue: queue, priority: priority, with: records, limit: Lane.capacity) }
        }
    }

    /// Gives what has become ready in some queues to those who wait for it, and lets those look who want a certain one.
    func offer(_ queues: some Collection<String>) {
        for queue in queues { self.choice.wake(queue) }
        if self.offerReady(queues), self.isAnyLow(queues) { self.readOn() }
    }

    private func isAnyLow(_ queues: some Collection<String>) -> Bool {
        self.index.withLock { index in queues.contains { index.isLow($0) } }
    }

    /// Gives what is ready in some queues to those who wait for any item.
    /// - Returns: whether anybody was given something.
    private func offerReady(_ queues: some Collection<String>) -> Bool {
        let clock = self.clock
        let (answers, due) = self.index.withReservers { index, reservers in
            var answers: [Reservers.Answer] = []
            var due: Timestamp?
            for queue in queues where reservers.isWaiting(for: queue) {
                answers += reservers.fill(queue, from: &index, clock: clock)
                guard reservers.isWaiting(for: queue), let next = index.nextDue(in: queue) else { continue }
                due = min(due ?? next, next)
            }
            return (answers, due)
        }
        self.answer(answers)
        if let due { self.alarm?.set(in: due - clock.now) }
        return !answers.isEmpty
    }
}

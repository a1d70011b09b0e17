import Penstock

/// Telling everybody what is durable now.
extension PostgresWriter {
    /// Notes who holds what now, wakes whoever waited, and answers those who handed something in.
    func publish(_ round: Round) {
        self.learn(round.changes)
        self.deliver(round)
        self.wake(round.changes)
        for done in round.done { done() }
        self.answer(round.outcomes)
        for wish in self.store.desk.dismiss() { wish.continuation.resume(returning: .success([])) }
    }

    /// Brings what this process holds in line with the rows, and tells holders what happened to what they hold.
    private func learn(_ changes: [IndexChange]) {
        let holds = self.store.holds
        var news: [(holder: Holder, news: RunNews)] = []
        for change in changes {
            guard let held = holds[change.id] else { continue }
            let lease = LeaseReference(id: change.id, token: held.token)
            if change.endsLease, change.from != nil {
                guard holds.remove(lease) != nil, change.isForced, let holder = held.holder else { continue }
                let over = RunNews(lease: lease, news: held.news + 1, steps: [], isOver: true)
                news.append((holder, over))
            } else if let step = change.newsOf, let woken = holds.wake(lease, times: 1, isFromElsewhere: false) {
                guard let holder = woken.holder else { continue }
                news.append((holder, RunNews(lease: lease, news: woken.news, steps: [step], isOver: false)))
            }
        }
        for entry in self.table.entries.values {
            if let row = entry.after, row.holder == self.table.process { holds.update(row) }
        }
        self.store.deliver(news)
    }

    /// Hands out what was leased.
    private func deliver(_ round: Round) {
        let desk = self.store.desk
        for (row, wish) in self.table.births {
            let lease = LeaseReference(id: row.record.id, token: row.record.token)
            var record = row.record
            record.token = 0
            let item = LeasedItem(record: record, lease: lease, isFresh: true)
            self.hand(out: [(item, row)], of: row.record.queue, for: wish.request.duration)
        }
        for (asking, rows, tokens) in round.leased {
            let items = zip(rows, tokens).map { row, token in
                var record = row.record
                record.token = token
                let lease = LeaseReference(id: record.id, token: row.record.token)
                return (LeasedItem(record: record, lease: lease, isFresh: !row.hasSteps), row)
            }
            if rows.count < asking.limit { desk.wasEmptied(asking) }
            self.hand(out: items, of: asking.queue, for: asking.duration)
        }
        let now = self.store.clock.now.milliseconds
        if let due = round.dues.min() { self.store.ring(in: .milliseconds(due - now)) }
    }

    func hand(
        out items: [(item: LeasedItem, row: PostgresRow)],
        of queue: String,
        for duration: Duration?
    ) {
        guard !items.isEmpty else { return }
        // Who is given something may be slow to hear of it, so its time is watched from here.
        if let duration { self.store.ring(in: duration) }
        let (answers, rest) = self.store.desk.fulfil(queue, duration, with: items.map(\.item))
        var rows = items.map(\.row)[...]
        for (wish, share) in answers {
            let leased = zip(share, rows).map { item, row in
                let news = self.store.holds.add(row, for: wish.request.holder)
                return LeasedItem(record: item.record, lease: item.lease, news: news, isFresh: item.isFresh)
            }
            rows = rows.dropFirst(share.count)
            wish.continuation.resume(returning: .success(leased))
        }
        // Whoever it was leased for has gone meanwhile.
        for (item, row) in zip(rest, rows) {
            self.store.holds.add(row, for: nil)
            self.store.submit(Transaction([.settle(item.lease, .release)])) { _ in }
        }
    }

    /// Wakes whoever waits for what has become ready, has ended, or has left a queue.
    private func wake(_ changes: [IndexChange]) {
        let births = Set(self.table.births.map(\.row.record.id))
        var (readied, left) = (Set<String>(), Set<String>())
        var ended: [ItemID] = []
        for change in changes {
            if change.to == .ready, change.item != nil, !births.contains(change.id) { readied.insert(change.queue) }
            if change.from != nil, change.to == nil {
                ended.append(change.id)
                left.insert(change.queue)
            }
        }
        self.store.readied(readied.sorted())
        var hints = Hints()
        (hints.ready, hints.left, hints.hasEndings) = (readied, left, !ended.isEmpty)
        hints.holders = self.table.toldElsewhere
        self.store.tell(hints)
        for id in self.store.endings.awaited(among: ended) { self.store.endings.wake(id) }
        for queue in self.store.departures.awaited(among: left.sorted()) { self.store.departures.wake(queue) }
    }

    private func answer(_ outcomes: [Result<Receipt, PenstockError>]) {
        for (submission, outcome) in zip(self.submissions, outcomes) { submission.completion(outcome) }
    }
}

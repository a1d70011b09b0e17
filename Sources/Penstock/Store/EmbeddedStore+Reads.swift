/// What those hear who wait for the end of an item.
enum Ending: Sendable {
    /// Its row; `nil` when it was removed.
    case row(ItemRecord?)
    /// That it has ended, and that its row has to be read.
    case unread
}

/// Reading, and waiting for what is to be read.
extension EmbeddedStore {
    /// Waits until the item has ended, and returns its row; `nil` when there is no such item (any more).
    public func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        while true {
            try self.checkOpen()
            let ticket = self.endings.ticket(for: id)
            // The index knows most of what has not ended, without reading a row.
            if !self.index.withLock({ $0.isOpen(id) }) {
                let record: ItemRecord?
                do throws(PenstockError) {
                    record = try await self.item(.id(id))
                } catch {
                    self.endings.discard(ticket)
                    throw error
                }
                guard let record, !record.state.isSettled else {
                    self.endings.discard(ticket)
                    return record
                }
            }
            if case .row(let record) = await self.endings.wait(ticket) { return record }
        }
    }

    /// Waits until the queue holds fewer than `capacity` unsettled items.
    public func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        while true {
            try self.checkOpen()
            let ticket = self.departures.ticket(for: queue)
            let count = self.index.withLock { index in
                index.queues[queue].map { $0.ready + $0.leased + $0.parked } ?? 0
            }
            guard count >= capacity else {
                self.departures.discard(ticket)
                return
            }
            _ = await self.departures.wait(ticket)
        }
    }

    /// Reads one item; `nil` when there is none.
    public func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        // What is read would be from a file that is not the store's any more.
        if let loss = self.loss { throw loss }
        return try await Self.run(self.reader) { table throws(PenstockError) in
            switch reference {
            case .id(let id): try table.item(id)
            case .key(let queue, let key): try table.find(queue: queue, key: key)
            }
        }
    }

    /// Reads a page of items.
    public func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        // What is read would be from a file that is not the store's any more.
        if let loss = self.loss { throw loss }
        return try await Self.run(self.reader) { table throws(PenstockError) in try table.items(query) }
    }

    /// Counts the unsettled items of every queue that has had any since the store was opened.
    public func counts() async throws(PenstockError) -> [QueueCount] {
        self.index.withLock { index in
            index.queues.map { queue, entry in
                QueueCount(queue: queue, ready: entry.ready, leased: entry.leased, parked: entry.parked)
            }
        }.sorted { $0.queue < $1.queue }
    }
}

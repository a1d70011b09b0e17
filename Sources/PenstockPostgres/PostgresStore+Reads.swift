public import Penstock

/// Reading, and waiting for what is to be read.
extension PostgresStore {
    /// Runs `body` on the reader's thread.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresReader) throws(PostgresError) -> Result
    ) async throws(PenstockError) -> Result {
        guard let reader = self.reader else { throw Self.closed }
        return try await reader.run { reader throws(PenstockError) in try reader.read(body) }
    }

    /// Waits until the item has ended, and returns its row; `nil` when there is no such item (any more).
    public func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        while true {
            try self.checkOpen()
            let ticket = self.endings.ticket(for: id)
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
            _ = await self.endings.wait(ticket)
        }
    }

    /// Waits until the queue holds fewer than `capacity` unsettled items.
    public func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        while true {
            try self.checkOpen()
            let ticket = self.departures.ticket(for: queue)
            let count: Int
            do throws(PenstockError) {
                count = try await self.read { reader throws(PostgresError) in try reader.count(of: queue) }
            } catch {
                self.departures.discard(ticket)
                throw error
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
        try await self.read { reader throws(PostgresError) in try reader.item(reference) }
    }

    /// Reads a page of items.
    public func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.read { reader throws(PostgresError) in try reader.items(query) }
    }

    /// Counts the unsettled items of every queue that has ever had any.
    public func counts() async throws(PenstockError) -> [QueueCount] {
        try await self.read { reader throws(PostgresError) in try reader.counts() }
    }
}

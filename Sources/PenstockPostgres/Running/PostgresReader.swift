import Penstock

/// The thread that reads for people and for those who wait, outside of any transaction.
final class PostgresReader {
    private let dialler: Dialler
    private var connection: PostgresConnection
    private let statements: ReadStatements
    private let clock = LiveClock()

    init(_ dialler: Dialler, _ schema: PostgresSchema) throws(PenstockError) {
        self.dialler = dialler
        self.statements = ReadStatements(schema)
        do throws(PostgresError) {
            self.connection = try dialler.dial("reader")
        } catch {
            throw error.asPenstockError()
        }
    }

    func close() { self.connection.close() }

    /// Runs `body`, over a new connection whenever the old one turns out to be gone, as long as the options allow.
    func read<Result>(_ body: (PostgresReader) throws(PostgresError) -> Result) throws(PenstockError) -> Result {
        let began = self.clock.uptime
        var tries = 0
        while true {
            do throws(PostgresError) {
                if !self.connection.isUsable { self.connection = try self.dialler.dial("reader") }
                return try body(self)
            } catch {
                guard error.isConnectionGone, error.mayPass, self.clock.uptime - began < self.dialler.options.patience
                else { throw error.asPenstockError() }
                self.connection.close()
                tries += 1
                self.dialler.pause(tries)
            }
        }
    }

    /// Removes a schema with all that is in it.
    func drop(_ schema: String) throws(PostgresError) { try self.connection.script("DROP SCHEMA \(schema) CASCADE") }

    /// Reads one item.
    func item(_ reference: ItemReference) throws(PostgresError) -> ItemRecord? {
        var values = PostgresValues()
        let id: ItemID
        switch reference {
        case .id(let address): id = address
        case .key(let queue, let key):
            if let address = ItemID(key: key) {
                guard let record = try self.item(.id(address)), record.queue == queue else { return nil }
                return record
            }
            // The server takes no text with a zero byte, so no item has one.
            guard !key.utf8.contains(0), !queue.utf8.contains(0) else { return nil }
            values.append(queue)
            values.append(key)
            return try self.records(self.statements.itemWithKey, values).first
        }
        values.append(id.root)
        values.append(id.run)
        values.append(Int32(clamping: id.step))
        return try self.records(self.statements.item, values).first
    }

    /// Reads a page.
    func items(_ query: ItemQuery) throws(PostgresError) -> [ItemRecord] {
        let (statement, values) = self.statements.page(query)
        return try self.records(statement, values)
    }

    private func records(
        _ statement: PostgresStatement,
        _ values: PostgresValues
    ) throws(PostgresError) -> [ItemRecord] {
        let rows = try self.connection.run(statement, values)
        var records: [ItemRecord] = []
        for row in 0..<rows.count { records.append(try PostgresRow(rows, row).record) }
        return records
    }

    /// Counts the unsettled items of one queue.
    func count(of queue: String) throws(PostgresError) -> Int {
        Int(try self.connection.run(self.statements.unsettled, PostgresValues(queue)).int64(0, 0))
    }

    /// Counts the unsettled items of all queues.
    func counts() throws(PostgresError) -> [QueueCount] {
        let rows = try self.connection.run(self.statements.counts, PostgresValues())
        var counts: [QueueCount] = []
        for row in 0..<rows.count {
            counts.append(
                QueueCount(
                    queue: try rows.text(row, 0),
                    ready: Int(try rows.int64(row, 1)),
                    leased: Int(try rows.int64(row, 2)),
                    parked: Int(try rows.int64(row, 3))
                )
            )
        }
        return counts
    }

    /// Which of some items have ended, or are gone.
    func ended(among ids: [ItemID]) throws(PostgresError) -> [ItemID] {
        let rows = try self.connection.run(self.statements.endings, PostgresValues(addresses: ids))
        var ended: [ItemID] = []
        for row in 0..<rows.count {
            let step = Int(try rows.int32(row, 2))
            ended.append(ItemID(root: try rows.int64(row, 0), run: try rows.int64(row, 1), step: step))
        }
        return ended
    }

    /// The leases that have ended by `time`, or by the server's clock, and how long the next one lasts.
    func endedLeases(_ time: Int64?) throws(PostgresError) -> (ended: [LeaseReference], next: Duration?) {
        var values = PostgresValues()
        values.append(time)
        try self.connection.send(self.statements.ended, values)
        try self.connection.send(self.statements.nextEnd, values)
        let results = try self.connection.finish()
        guard results.count == 2 else { throw PostgresError(.invalid, "the server has answered nothing") }
        var ended: [LeaseReference] = []
        for row in 0..<results[0].count {
            let id = ItemID(
                root: try results[0].int64(row, 0),
                run: try results[0].int64(row, 1),
                step: Int(try results[0].int32(row, 2))
            )
            ended.append(LeaseReference(id: id, token: try results[0].int64(row, 3)))
        }
        let next = try results[1].isNull(0, 0) ? nil : Duration.milliseconds(try results[1].int64(0, 0))
        return (ended, next)
    }
}

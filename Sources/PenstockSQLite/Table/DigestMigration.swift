import Penstock

/// Gives the rows of a store from before there were digests theirs, and chains the journals.
///
/// It goes through the file once; a million rows take some ten seconds.
struct DigestMigration {
    private let connection: SQLiteConnection
    private let table: SQLiteTable

    init(_ connection: SQLiteConnection) {
        self.connection = connection
        self.table = SQLiteTable(inspecting: connection, path: "")
    }

    func run() throws(PenstockError) {
        let meta = try self.connection.prepare("SELECT key, value FROM penstock_meta")
        var numbers: [(String, Int64)] = []
        while try meta.step() { numbers.append((meta.text(0), meta.integer(1))) }
        for (key, value) in numbers { try self.table.setMeta(key, value) }
        try self.checkQueues()
        var place = ItemID(root: 0, run: 0, step: 0)
        var chains = JournalChains()
        while let last = try self.checkRows(after: place, &chains) { place = last }
    }

    private func checkQueues() throws(PenstockError) {
        let queues = try self.connection.prepare("SELECT id, name FROM penstock_queues")
        var names: [(Int64, String)] = []
        while try queues.step() { names.append((queues.integer(0), queues.text(1))) }
        let update = try self.connection.prepare("UPDATE penstock_queues SET checked = ? WHERE id = ?")
        for (number, name) in names {
            update.bind(1, RowCheck.queue(number, name))
            update.bind(2, number)
            try update.run()
        }
    }

    /// Writes the digests of the next rows, in the order in which they are filed.
    /// - Returns: the last of them; `nil` when there are no more.
    private func checkRows(after place: ItemID, _ chains: inout JournalChains) throws(PenstockError) -> ItemID? {
        let select = try self.table.statement(.allAfter)
        select.bind(place, from: 1)
        select.bind(4, 1000)
        var rows: [(record: ItemRecord, queue: Int64, replyTo: Int64?)] = []
        while try select.step() {
            let (record, queue, replyTo) = try self.table.uncheckedRecord(select)
            rows.append((record, queue, replyTo))
        }
        let update = try self.connection.prepare(
            """
            UPDATE penstock_rows SET digest = ?, checked_content = ?, checked_state = ? \
            WHERE root = ? AND run = ? AND step = ?
            """
        )
        for (stored, queue, replyTo) in rows {
            var record = stored
            let name = try self.table.name(ofQueue: queue)
            record.digest = chains.digest(of: record, in: name) ?? record.payload.digest
            chains.follow(record)
            update.bind(1, Int64(bitPattern: record.digest))
            update.bind(2, RowCheck.content(of: record, queue: queue, replyTo: replyTo))
            update.bind(3, RowCheck.state(of: record.id, record.lastChange))
            update.bind(record.id, from: 4)
            try update.run()
        }
        return rows.last?.record.id
    }
}

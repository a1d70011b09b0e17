import Penstock

/// Looking, before and while transactions are applied.
extension PostgresTable {
    /// Fetches in one go what the transactions of a group are going to ask for.
    func prepare(for transactions: [Transaction]) throws(PenstockError) {
        var wanted = Set<ItemID>()
        var keys = Set<Key>()
        for operation in transactions.lazy.flatMap(\.operations) {
            switch operation {
            case .push(let item):
                guard let key = item.key, ItemID(key: key) == nil, !key.utf8.contains(0) else { continue }
                self.assumedFree.insert(Key(queue: item.queue, key: key))
            case .settle(let lease, _): self.want(lease.id, &wanted)
            case .resolve(let reference, _), .pop(let reference), .control(let reference, _):
                switch reference {
                case .id(let id): self.want(id, &wanted)
                case .key(let queue, let key):
                    if ItemID(key: key) == nil { keys.insert(Key(queue: queue, key: key)) }
                }
            case .append(let queue, let key, _):
                if ItemID(key: key) == nil { keys.insert(Key(queue: queue, key: key)) }
            case .abandon(let id): self.want(id, &wanted)
            case .call, .clear, .work: break
            }
        }
        if self.isTrusting { self.assumedFree.subtract(keys) } else { keys.formUnion(self.assumedFree) }
        if !self.isTrusting { self.assumedFree = [] }
        if !keys.isEmpty { try self.find(keys.sorted { ($0.queue, $0.key) < ($1.queue, $1.key) }, &wanted) }
        if !wanted.isEmpty { try self.fetch(wanted) }
        // Whoever called them is going to be woken.
        let callers = Set(wanted.compactMap { self.entries[$0]?.after?.record.caller })
            .filter { self.entries[$0] == nil && (!self.isTrusting || self.holds[$0] == nil) }
        if !callers.isEmpty { try self.fetch(callers) }
    }

    /// Notes that a row will be wanted, or that of its caller if the row is known.
    private func want(_ id: ItemID, _ wanted: inout Set<ItemID>) {
        guard self.isTrusting, let held = self.holds[id] else {
            wanted.insert(id)
            return
        }
        if let caller = held.row.record.caller, self.holds[caller] == nil { wanted.insert(caller) }
    }

    /// Finds the roots of keys, and their rows.
    func find(_ keys: [Key], _ wanted: inout Set<ItemID>) throws(PenstockError) {
        for key in keys { self.keys[key] = .some(nil) }
        // The server takes no text with a zero byte, so none has one.
        let keys = keys.filter { !$0.key.utf8.contains(0) && !$0.queue.utf8.contains(0) }
        guard !keys.isEmpty else { return }
        let rows = try self.ask(self.statements.findKeys, PostgresValues(keys.map(\.queue), keys.map(\.key)))
        do throws(PostgresError) {
            for row in 0..<rows.count {
                let key = Key(queue: try rows.text(row, 0), key: try rows.text(row, 1))
                let root = try rows.int64(row, 2)
                self.keys[key] = root
                wanted.insert(ItemID(root: root))
            }
        } catch {
            throw error.wrapped()
        }
    }

    /// Reads rows and locks them until the transaction has ended.
    func fetch(_ ids: some Collection<ItemID>) throws(PenstockError) {
        let ids = ids.filter { self.entries[$0] == nil }.sorted()
        guard !ids.isEmpty else { return }
        do throws(PostgresError) {
            try self.begin()
            try self.connection.send(self.statements.lockItems, PostgresValues(addresses: ids))
            try self.connection.send(self.statements.lockSettled, PostgresValues(addresses: ids))
            for rows in try self.finish().suffix(2) {
                for row in 0..<rows.count {
                    let found = try PostgresRow(rows, row)
                    self.enter(found.record.id, Entry(before: found, after: found))
                }
            }
        } catch {
            throw error.wrapped()
        }
        for id in ids where self.entries[id] == nil { self.enter(id, Entry()) }
    }

    /// Sends one statement with all that waits, and returns what it answers.
    func ask(_ statement: PostgresStatement, _ values: PostgresValues) throws(PenstockError) -> PostgresRows {
        do throws(PostgresError) {
            try self.begin()
            try self.connection.send(statement, values)
            guard let rows = try self.finish().last else {
                throw PostgresError(.invalid, "the server has answered nothing")
            }
            return rows
        } catch {
            throw error.wrapped()
        }
    }
}

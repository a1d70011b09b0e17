public import Penstock

/// Numbers of items, names of queues, and statements that are compiled once.
extension SQLiteTable {
    /// Returns a number that no item has or ever had.
    public func nextNumber() throws(PenstockError) -> Int64 {
        if self.numbers.isEmpty { try self.reserveNumbers() }
        return self.numbers.take()
    }

    func reserveNumbers() throws(PenstockError) {
        let end = self.numbers.nextEnd
        try self.setMeta("next_number", end)
        self.numbers.reserved(to: end)
    }

    func setMeta(_ key: String, _ value: Int64) throws(PenstockError) {
        let statement = try self.statement(.setMeta)
        statement.bind(1, value)
        statement.bind(2, key)
        try statement.run()
    }

    func statement(_ query: RowQuery) throws(PenstockError) -> SQLiteStatement {
        if let statement = self.statements[query.rawValue] { return statement }
        let statement = try self.connection.prepare(query.sql)
        self.statements[query.rawValue] = statement
        return statement
    }

    /// The number of a queue; `nil` when there is none by that name.
    func number(ofQueue name: String) throws(PenstockError) -> Int64? {
        if let number = self.names.number(name) { return number }
        let statement = try self.statement(.queueNamed)
        defer { statement.reset() }
        statement.bind(1, name)
        guard try statement.step() else { return nil }
        let number = statement.integer(0)
        self.names.learn(name, number)
        return number
    }

    /// The number of a queue, which is made if need be.
    func number(forQueue name: String) throws(PenstockError) -> Int64 {
        if let number = try self.number(ofQueue: name) { return number }
        let statement = try self.statement(.addQueue)
        defer { statement.reset() }
        statement.bind(1, name)
        _ = try statement.step()
        let number = statement.integer(0)
        self.names.learn(name, number, isNew: true)
        return number
    }

    /// The name of a queue.
    func name(ofQueue number: Int64) throws(PenstockError) -> String {
        if let name = self.names.name(number) { return name }
        let statement = try self.statement(.queueName)
        defer { statement.reset() }
        statement.bind(1, number)
        guard try statement.step() else {
            throw PenstockError(.conflict, "a row names queue \(number), which is not there: verify the database")
        }
        let name = statement.text(0)
        self.names.learn(name, number)
        return name
    }
}

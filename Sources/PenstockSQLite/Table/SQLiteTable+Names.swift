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

    /// Reads one of the store's own numbers.
    func meta(_ key: String) throws(PenstockError) -> Int64 {
        let statement = try self.statement(.meta)
        defer { statement.reset() }
        statement.bind(1, key)
        guard try statement.step(), statement.integer(1) == RowCheck.meta(key, statement.integer(0)),
            (0...Int64.max >> 1).contains(statement.integer(0))
        else {
            throw Self.damagedForGood("the store's number '\(key)'")
        }
        return statement.integer(0)
    }

    func setMeta(_ key: String, _ value: Int64) throws(PenstockError) {
        let statement = try self.statement(.setMeta)
        statement.bind(1, value)
        statement.bind(2, RowCheck.meta(key, value))
        statement.bind(3, key)
        try statement.run()
    }

    /// For a row, which can be set aside.
    static func damaged(_ what: String) -> PenstockError {
        PenstockError(
            .damaged,
            """
            \(what) is not what was stored: the disk has changed it; set it aside with 'penstock verify --quarantine', \
            or restore a backup
            """
        )
    }

    /// For what every row rests on.
    private static func damagedForGood(_ what: String) -> PenstockError {
        PenstockError(
            .damaged,
            "\(what) is not what was stored: the disk has changed it; restore a backup"
        )
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
        guard statement.integer(1) == RowCheck.queue(number, name) else { throw Self.damagedForGood("queue '\(name)'") }
        self.names.learn(name, number)
        return number
    }

    /// The number of a queue, which is made if need be.
    func number(forQueue name: String) throws(PenstockError) -> Int64 {
        if let number = try self.number(ofQueue: name) { return number }
        let last = try self.statement(.lastQueue)
        defer { last.reset() }
        let number = try last.step() ? last.integer(0) + 1 : 1
        let statement = try self.statement(.addQueue)
        statement.bind(1, number)
        statement.bind(2, name)
        statement.bind(3, RowCheck.queue(number, name))
        try statement.run()
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
            throw Self.damaged("queue \(number), which a row names and which is not there,")
        }
        let name = statement.text(0)
        guard statement.integer(1) == RowCheck.queue(number, name) else { throw Self.damagedForGood("queue \(number)") }
        self.names.learn(name, number)
        return name
    }
}

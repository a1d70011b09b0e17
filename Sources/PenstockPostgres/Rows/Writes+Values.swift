import Penstock

/// The arrays that the statements want, in the order of their places.
extension Writes.Rows {
    /// The addresses, as the first three values of every statement.
    private func addresses() -> PostgresValues {
        PostgresValues(addresses: self.rows.map(\.after.record.id))
    }

    private func list<Value>(_ value: (PostgresRow) -> Value) -> [Value] { self.rows.map { value($0.after) } }

    private func former<Value>(_ value: (PostgresRow) -> Value) -> [Value] {
        self.rows.map { value($0.before ?? $0.after) }
    }

    /// For new rows; `time` is the time from which leases count, if it is not the server's.
    func values(_ time: Int64?) -> PostgresValues {
        var values = self.addresses()
        values.append(self.list(\.record.number))
        values.append(self.list(\.record.queue))
        values.append(self.list(\.record.chosenKey))
        values.append(self.list(\.record.state.code))
        values.append(self.list { Int16(clamping: $0.record.priority) })
        values.append(self.list(\.record.due.milliseconds))
        values.append(self.list(\.record.created.milliseconds))
        values.append(self.list { Int32(clamping: $0.record.attempt) })
        values.append(self.list(\.record.token))
        values.append(self.list { Int64(bitPattern: $0.record.digest) })
        values.append(self.list { $0.record.caller?.run })
        values.append(self.list { $0.record.caller.map { Int64($0.step) } })
        values.append(self.list(\.record.replyTo))
        values.append(self.list(\.holder))
        values.append(self.leases)
        values.append(self.list { Int32($0.hasSteps ? 1 : 0) })
        values.append(self.list(\.record.payload.bytes))
        values.append(self.list { $0.record.result?.bytes })
        values.append(time)
        values.append(Int64(self.rows.count))
        return values
    }

    /// For new rows that have ended already.
    func settledValues() -> PostgresValues {
        var values = self.addresses()
        values.append(self.list(\.record.number))
        values.append(self.list(\.record.queue))
        values.append(self.list(\.record.chosenKey))
        values.append(self.list(\.record.state.code))
        values.append(self.list { Int16(clamping: $0.record.priority) })
        values.append(self.list(\.record.due.milliseconds))
        values.append(self.list(\.record.created.milliseconds))
        values.append(self.list { ($0.record.settled ?? $0.record.created).milliseconds })
        values.append(self.list { Int32(clamping: $0.record.attempt) })
        values.append(self.list(\.record.token))
        values.append(self.list { Int64(bitPattern: $0.record.digest) })
        values.append(self.list { $0.record.caller?.run })
        values.append(self.list { $0.record.caller.map { Int64($0.step) } })
        values.append(self.list(\.record.replyTo))
        values.append(self.list(\.record.payload.bytes))
        values.append(self.list { $0.record.result?.bytes })
        values.append(Int64(self.rows.count))
        return values
    }

    /// For rows that change and stay.
    func values() -> PostgresValues {
        var values = self.addresses()
        values.append(self.former(\.record.token))
        values.append(self.former(\.record.state.code))
        values.append(self.former { Int16($0.holder == nil ? 0 : 1) })
        values.append(self.rows.map { before, after in after.record.state == .parked ? before?.wakes ?? -1 : -1 })
        values.append(self.list(\.record.state.code))
        values.append(self.list(\.record.due.milliseconds))
        values.append(self.list { Int32(clamping: $0.record.attempt) })
        values.append(self.list(\.record.token))
        values.append(self.rows.map { before, after in after.wakes - (before?.wakes ?? 0) })
        values.append(self.list { Int16($0.holder == nil ? 0 : 1) })
        values.append(self.list { Int16($0.isResting ? 1 : 0) })
        values.append(self.list { Int16($0.hasSteps ? 1 : 0) })
        values.append(self.list { $0.record.result?.bytes })
        values.append(Int64(self.rows.count))
        return values
    }

    /// For runs that somebody waits with.
    func markingValues() -> PostgresValues {
        var values = self.addresses()
        values.append(self.list(\.record.token))
        values.append(self.list { Int16($0.isResting ? 1 : 0) })
        values.append(self.list { Int16($0.hasSteps ? 1 : 0) })
        values.append(Int64(self.rows.count))
        return values
    }

    /// For rows that end.
    func settlingValues() -> PostgresValues {
        var values = self.addresses()
        values.append(self.former(\.record.token))
        values.append(self.former(\.record.state.code))
        values.append(self.former { Int16($0.holder == nil ? 0 : 1) })
        values.append(self.list(\.record.state.code))
        values.append(self.list(\.record.due.milliseconds))
        values.append(self.list { ($0.record.settled ?? $0.record.due).milliseconds })
        values.append(self.list { Int32(clamping: $0.record.attempt) })
        values.append(self.list(\.record.token))
        values.append(self.list { $0.record.result?.bytes })
        values.append(Int64(self.rows.count))
        return values
    }

    /// For rows that had ended and begin again.
    func revivingValues() -> PostgresValues {
        var values = self.addresses()
        values.append(self.former(\.record.token))
        values.append(self.list(\.record.state.code))
        values.append(self.list(\.record.due.milliseconds))
        values.append(self.list { Int32(clamping: $0.record.attempt) })
        values.append(self.list(\.record.token))
        values.append(self.list { $0.record.result?.bytes })
        values.append(Int64(self.rows.count))
        return values
    }

    /// For rows that get another argument.
    func rewritingValues() -> PostgresValues {
        var values = self.addresses()
        values.append(self.list { Int64(bitPattern: $0.record.digest) })
        values.append(self.list(\.record.payload.bytes))
        values.append(Int64(self.rows.count))
        return values
    }

    /// For rows that go.
    func deletingValues() -> PostgresValues {
        var values = self.addresses()
        values.append(self.list(\.record.token))
        values.append(Int64(self.rows.count))
        return values
    }
}

extension Writes.Keys {
    /// For keys that come.
    func values() -> PostgresValues {
        var values = self.deletingValues()
        values.append(self.keys.map(\.root))
        return values
    }

    /// For keys that go.
    func deletingValues() -> PostgresValues {
        var values = PostgresValues()
        values.append(self.keys.map(\.queue))
        values.append(self.keys.map(\.key))
        return values
    }
}

extension PostgresValues {
    /// Makes values that begin with addresses.
    init(addresses ids: [ItemID]) {
        self.init()
        self.append(ids.map(\.root))
        self.append(ids.map(\.run))
        self.append(ids.map { Int32(clamping: $0.step) })
    }

    /// Makes values that are two numbers.
    init(_ first: Int64, _ second: Int64) {
        self.init()
        self.append(first)
        self.append(second)
    }

    /// Makes values that are one number or text.
    init(_ only: some PostgresValue) {
        self.init()
        self.append(only)
    }

    /// Makes values that are two lists of texts.
    init(_ first: [String], _ second: [String]) {
        self.init()
        self.append(first)
        self.append(second)
    }
}

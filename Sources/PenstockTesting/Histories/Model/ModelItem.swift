import Penstock

/// What one key of a queue holds, as the sequential specification has it.
struct ModelItem: Hashable {
    /// Something that is known, or was decided by the store and not shown to anybody since.
    enum Known<Value: Hashable>: Hashable {
        case exactly(Value)
        case anything

        /// Whether it may be `value`.
        func allows(_ value: Value) -> Bool {
            switch self {
            case .exactly(let known): known == value
            case .anything: true
            }
        }
    }

    struct Row: Hashable {
        /// Its address; `nil` when it came from a push whose answer nobody has heard, and nobody has seen it since.
        var id: String?
        var value: String
        var state = ItemState.ready
        /// How many attempts it may count.
        var attempts = 0...0
        var token = Known<Int64>.exactly(0)
        var result = Known<String?>.exactly(nil)
    }

    struct Lease: Hashable {
        /// `nil` when nobody has heard of it: its process died over the answer.
        var token: Int64?
        /// From when on it may end by itself; `nil` is never.
        var endsFrom: Int64?
        /// Whether it is certain that it counts as an attempt when it ends by itself.
        var isCharged = true
    }

    /// `nil` when the key is not in its queue.
    var row: Row?
    var lease: Lease?
    /// The greatest token that was given for the key.
    var newest: Int64 = 0
}

extension ModelItem {
    /// The item without its lease, and with a row that says something else.
    func settled(_ change: (inout Row) -> Void) -> ModelItem {
        var item = self
        item.lease = nil
        if var row = self.row {
            change(&row)
            item.row = row
        }
        return item
    }

    /// The item when its row is gone.
    var removed: ModelItem { ModelItem(row: nil, lease: nil, newest: self.newest) }

    /// The item when a new row is in its place.
    func replaced(by row: Row) -> ModelItem { ModelItem(row: row, lease: nil, newest: self.newest) }

    /// What the item is when it is known to be as `shown`; `nil` when it cannot be.
    func shown(as shown: HistoryRow) -> ModelItem? {
        guard var row = self.row, row.id ?? shown.id == shown.id, row.value == shown.value else { return nil }
        guard row.state == shown.state, row.attempts.contains(shown.attempt) else { return nil }
        guard row.result.allows(shown.result) else { return nil }
        // A store may write the token of a lease into the row when it is given, or when it has changed something.
        let isOfLease = self.lease.map { $0.token ?? shown.token == shown.token } ?? false
        guard row.token.allows(shown.token) || isOfLease else { return nil }
        (row.id, row.attempts, row.result) = (shown.id, shown.attempt...shown.attempt, .exactly(shown.result))
        if !isOfLease { row.token = .exactly(shown.token) }
        var item = self
        item.row = row
        return item
    }

    /// The item with the address `id`, and whether it may be another one that has the key: an item that nobody has seen
    /// since it was pushed may have any address.
    func located(at id: String?) -> (item: ModelItem?, mayDiffer: Bool) {
        guard let row = self.row else { return (nil, true) }
        guard let id, row.id != id else { return (self, false) }
        guard row.id == nil else { return (nil, true) }
        var item = self
        item.row?.id = id
        return (item, true)
    }
}

extension ModelItem: CustomStringConvertible {
    /// The item in a few words.
    var description: String {
        guard let row = self.row else { return "not there" }
        var words = ["\(row.state.rawValue) as \(row.id ?? "an item that nobody has seen"), value \(row.value)"]
        switch row.result {
        case .exactly(.some(let result)): words.append("result \(result)")
        case .exactly(nil): break
        case .anything: words.append("some result or none")
        }
        let (least, most) = (row.attempts.lowerBound, row.attempts.upperBound)
        words.append(least == most ? "attempts \(least)" : "attempts \(least) to \(most)")
        if case .exactly(let token) = row.token { words.append("row token \(token)") }
        if let lease = self.lease {
            words.append("leased under \(lease.token.map { "token \($0)" } ?? "a token that nobody has heard of")")
            if lease.endsFrom != nil { words.append("which may end by itself") }
        }
        return words.joined(separator: ", ")
    }
}

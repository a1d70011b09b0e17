import Penstock

/// The names of queues and the small numbers that stand for them in the rows, as far as a connection has met them.
///
/// A name that a group adds is forgotten again when the group, or the transaction in it, is undone.
struct QueueNames {
    private var numbers: [String: Int64] = [:]
    private var names: [Int64: String] = [:]
    /// The names that the current group has added, in order.
    private var added: [Int64] = []
    private var mark = 0

    /// How many names are kept before all of them are read anew.
    private static let limit = 16_384

    func number(_ name: String) -> Int64? { self.numbers[name] }

    func name(_ number: Int64) -> String? { self.names[number] }

    mutating func learn(_ name: String, _ number: Int64, isNew: Bool = false) {
        if self.names.count >= Self.limit, self.added.isEmpty {
            self.numbers = [:]
            self.names = [:]
        }
        self.numbers[name] = number
        self.names[number] = name
        if isNew { self.added.append(number) }
    }

    mutating func groupEnded(undone: Bool) {
        if undone { self.forget(after: 0) }
        self.added = []
        self.mark = 0
    }

    mutating func savepoint() {
        self.mark = self.added.count
    }

    mutating func rolledBackToSavepoint() {
        self.forget(after: self.mark)
    }

    private mutating func forget(after count: Int) {
        while self.added.count > count {
            if let name = self.names.removeValue(forKey: self.added.removeLast()) { self.numbers[name] = nil }
        }
    }
}

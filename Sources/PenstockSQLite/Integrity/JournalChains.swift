import Penstock

/// Follows the chains of the journals through rows that come tree by tree, and in a tree every run before its steps.
struct JournalChains {
    private var root: Int64 = 0
    /// For each run of the tree, the last step and the digest that the next one goes on from.
    private var chains: [Int64: (step: Int, digest: UInt64)] = [:]

    /// The digest that a step has to have.
    /// - Returns: `nil` for a root, and for a step before which a row is missing, is damaged or was set aside.
    func digest(of record: ItemRecord, in queue: String) -> UInt64? {
        guard !record.id.isRoot, record.id.root == self.root, queue != NewStep.quarantined else { return nil }
        guard let last = self.chains[record.id.run], record.id.step == last.step + 1 else { return nil }
        return NewStep.digest(of: queue, record.payload, after: last.digest)
    }

    /// Takes a row in.
    mutating func follow(_ record: ItemRecord) {
        if record.id.root != self.root { (self.root, self.chains) = (record.id.root, [:]) }
        self.chains[record.number] = (0, record.digest)
        if !record.id.isRoot { self.chains[record.id.run] = (record.id.step, record.digest) }
        guard record.queue == NewStep.quarantined else { return }
        self.lose(record.id)
        self.chains[record.number] = nil
    }

    /// Passes over a row that is damaged: nobody knows how its journal goes on.
    mutating func lose(_ id: ItemID) {
        if id.root == self.root, !id.isRoot { self.chains[id.run] = nil }
    }
}

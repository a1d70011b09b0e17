/// Looking at runs, and changing their course.
extension Engine {
    /// Control over the runs and items of the engine's store.
    public var control: Control { Control(store: self.store) }
}

/// What an operator does with the runs and items of a store, whether an engine is running or not.
public struct Control: Sendable {
    /// The store.
    public let store: any Store

    /// Makes a control over a store.
    public init(store: any Store) {
        self.store = store
    }

    /// Returns up to `limit` runs and items that were pushed or started, newest first, going on after one.
    public func list(
        queue: String? = nil,
        states: Set<ItemState> = [],
        after: ItemRecord? = nil,
        limit: Int = 100
    ) async throws(PenstockError) -> [ItemRecord] {
        try await self.store.items(ItemQuery(.roots(queue: queue), states: states, after: after, limit: limit))
    }

    /// Returns the dead letters of a queue, or of all, newest first.
    public func deadLetters(queue: String? = nil, limit: Int = 100) async throws(PenstockError) -> [ItemRecord] {
        try await self.list(queue: queue, states: [.failed], limit: limit)
    }

    /// Returns one run or item.
    public func describe(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord {
        guard let record = try await self.store.item(reference) else {
            throw PenstockError(.notFound, "there is no item \(reference.text)")
        }
        return record
    }

    /// Returns the steps of a run in order, going on after one.
    public func journal(
        of run: ItemRecord,
        after: ItemRecord? = nil,
        limit: Int = 1000
    ) async throws(PenstockError) -> [ItemRecord] {
        try await self.store.items(
            ItemQuery(.journal(root: run.id.root, run: run.number), after: after, limit: limit)
        )
    }

    /// Returns how many steps of a run are recorded.
    public func stepNumber(of run: ItemRecord) async throws(PenstockError) -> Int {
        var last: ItemRecord?
        while let page = try await self.journal(of: run, after: last).last { last = page }
        return last?.id.step ?? 0
    }

    /// Ends a run or item now, and everything that it called.
    public func cancel(_ reference: ItemReference) async throws(PenstockError) {
        try await self.control(reference, .cancel)
    }

    /// Makes a run forget its journal and begin again.
    public func restart(_ reference: ItemReference) async throws(PenstockError) {
        try await self.control(reference, .restart)
    }

    /// Tries a dead item again, or lets a failed run go on after its last good step.
    public func retry(_ reference: ItemReference) async throws(PenstockError) {
        try await self.control(reference, .retry)
    }

    /// Replays a diverged run, now that the code is mended.
    public func resume(_ reference: ItemReference) async throws(PenstockError) {
        try await self.control(reference, .resume)
    }

    /// Removes a run or item that is not at work, and its journal.
    public func delete(_ reference: ItemReference) async throws(PenstockError) {
        try await self.control(reference, .delete)
    }

    private func control(_ reference: ItemReference, _ verb: ControlVerb) async throws(PenstockError) {
        _ = try await self.store.commit(Transaction([.control(reference, verb)]))
    }
}

extension ItemReference {
    /// The reference in words.
    var text: String {
        switch self {
        case .id(let id): id.key
        case .key(let queue, let key): "'\(key)' in queue '\(queue)'"
        }
    }
}

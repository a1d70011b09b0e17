/// A queue as its readers see it.
///
/// It is a view: `map`, `mapKeys` and `filter` make others over the same items. Reading an item does not take it; a
/// ``Lease`` does.
public struct ReadQueue<Value: Sendable>: Sendable {
    /// The name of the queue that holds the items.
    public let name: String

    /// The store that holds the queue.
    public let store: any Store

    /// Decodes a row; the engine uses it too.
    let decode: @Sendable (ItemRecord) throws(PenstockError) -> Value
    /// The key that this view shows for a stored key, and the stored key for one that is shown.
    let shownKey: @Sendable (String) -> String
    let storedKey: @Sendable (String) -> String
    /// The items that this view has; `nil` has all.
    let includes: (@Sendable (ItemRecord) throws(PenstockError) -> Bool)?

    // MARK: Taking

    /// Leases the next item for `duration`, waiting until there is one.
    ///
    /// Items come by priority, then due time, then the order of pushing. One that does not decode goes to the dead
    /// letters with its bytes kept, and is passed over.
    public func reserve(for duration: Duration = .seconds(120)) async throws(PenstockError) -> Lease<Value> {
        while true {
            if let lease = try await self.lease(duration, key: nil, waits: true) { return lease }
        }
    }

    /// Leases the next item, or the one with `key`, if it is ready now.
    public func reserveIfReady(
        key: String? = nil,
        for duration: Duration = .seconds(120)
    ) async throws(PenstockError) -> Lease<Value>? {
        try await self.lease(duration, key: key, waits: false)
    }

    /// Leases the item with `key`, waiting until it is ready.
    public func reserve(key: String, for duration: Duration = .seconds(120)) async throws(PenstockError) -> Lease<Value>
    {
        while true {
            if let lease = try await self.lease(duration, key: key, waits: true) { return lease }
        }
    }

    private func lease(_ duration: Duration, key: String?, waits: Bool) async throws(PenstockError) -> Lease<Value>? {
        let choice: ReserveRequest.Choice
        switch (key, self.includes) {
        case (let key?, _): choice = .key(self.storedKey(key))
        case (nil, let includes?): choice = .matching { record in (try? includes(record)) ?? false }
        case (nil, nil): choice = .next
        }
        let request = ReserveRequest(queue: self.name, duration: duration, choice: choice, waits: waits)
        guard let leased = try await self.store.reserve(request).first else { return nil }
        do throws(PenstockError) {
            return Lease(try self.item(leased.record), leased, store: self.store)
        } catch  where error.code == .undecodable {
            let failure = Failure(
                .undecodable,
                pipeline: self.name,
                message: "\(error)",
                attempts: leased.record.attempt
            )
            _ = try await self.store.commit(Transaction([.settle(leased.lease, .fail(failure))]))
            return nil
        }
    }

    /// Takes the item with `key` out of the queue and returns its value.
    /// - Throws: ``PenstockError/Code/notFound`` when there is none, ``PenstockError/Code/conflict`` when a worker
    ///   holds it.
    @discardableResult
    public func pop(_ key: String) async throws(PenstockError) -> Value {
        let value = try await self.read(key)
        _ = try await self.store.commit(Transaction([.pop(.key(queue: self.name, self.storedKey(key)))]))
        return value
    }

    /// Takes every item out of the queue that no worker holds and no run is waiting for.
    public func clear() async throws(PenstockError) {
        _ = try await self.store.commit(Transaction([.clear(queue: self.name)]))
    }

    // MARK: Looking

    /// Returns the value under `key` without taking it.
    /// - Throws: ``PenstockError/Code/notFound`` when there is none.
    public func read(_ key: String) async throws(PenstockError) -> Value {
        guard let item = try await self.item(key) else {
            throw PenstockError(.notFound, "there is no key '\(key)' in queue '\(self.name)'")
        }
        return item.value
    }

    /// Returns the unsettled item under `key`, if there is one.
    public func item(_ key: String) async throws(PenstockError) -> Item<Value>? {
        let record = try await self.store.item(.key(queue: self.name, self.storedKey(key)))
        guard let record, !record.state.isSettled, try self.includes?(record) ?? true else { return nil }
        return try self.item(record)
    }

    /// Whether there is an unsettled item under `key`.
    public func contains(_ key: String) async throws(PenstockError) -> Bool {
        try await self.item(key) != nil
    }

    /// Returns up to `limit` unsettled items in the order in which they would be leased, going on after an item.
    public func items(after: Item<Value>? = nil, limit: Int = 1000) async throws(PenstockError) -> [Item<Value>] {
        var found: [Item<Value>] = []
        var last: ItemRecord?
        if let after { last = try await self.store.item(.id(after.id)) }
        while found.count < limit {
            let page = try await self.store.items(ItemQuery(.waiting(queue: self.name), after: last))
            for record in page where try self.includes?(record) ?? true {
                guard found.count < limit else { break }
                found.append(try self.item(record))
            }
            guard let end = page.last else { break }
            last = end
        }
        return found
    }

    /// Returns the keys of up to `limit` unsettled items in the order in which they would be leased.
    public func keys(limit: Int = 1000) async throws(PenstockError) -> [String] {
        try await self.items(limit: limit).map(\.key)
    }

    /// How many unsettled items the queue has; counted one by one in a view that is filtered.
    public var count: Int {
        get async throws(PenstockError) {
            guard self.includes == nil else { return try await self.items(limit: .max).count }
            return try await self.store.counts().first { $0.queue == self.name }?.total ?? 0
        }
    }

    private func item(_ record: ItemRecord) throws(PenstockError) -> Item<Value> {
        Item(record, key: self.shownKey(record.key), value: try self.decode(record))
    }
}

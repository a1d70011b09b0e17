/// A named queue of typed values in a store.
///
/// Queues need not be made: one exists as soon as something is pushed. Two values of this type with the same name and
/// store are the same queue.
public struct Queue<Value: Codable & Sendable>: Sendable {
    /// The name.
    public let name: String

    /// The store.
    public let store: any Store

    /// How many unsettled items the queue may hold; `nil` is as many as the disk has room for.
    public let capacity: Int?

    /// What a push does when the queue holds as many.
    public let whenFull: FullPolicy

    /// Makes a queue.
    /// - Throws: ``PenstockError/Code/invalidName``.
    public init(
        _ name: String,
        of type: Value.Type = Value.self,
        in store: any Store,
        capacity: Int? = nil,
        whenFull: FullPolicy = .wait
    ) throws(PenstockError) {
        try Limits.checkName(name)
        self.init(checked: name, in: store, capacity: capacity, whenFull: whenFull)
    }

    init(checked name: String, in store: any Store, capacity: Int? = nil, whenFull: FullPolicy = .wait) {
        self.name = name
        self.store = store
        self.capacity = capacity
        self.whenFull = whenFull
    }

    /// The queue as its readers see it.
    public var reader: ReadQueue<Value> {
        let name = self.name
        return ReadQueue(
            name: name,
            store: self.store,
            decode: { record throws(PenstockError) in
                do throws(PenstockError) {
                    return try record.payload.decode()
                } catch {
                    throw PenstockError(
                        .undecodable,
                        "key '\(record.key)' in queue '\(name)': \(error.message)",
                        cause: error.cause
                    )
                }
            },
            shownKey: { $0 },
            storedKey: { $0 },
            includes: nil
        )
    }

    /// The queue as its writers see it.
    public var writer: WriteQueue<Value> {
        let queue = self
        return WriteQueue(
            name: self.name,
            store: self.store,
            encode: { value throws(PenstockError) in try Payload(encoding: value) },
            add: { value, options, transaction throws(PenstockError) in
                var item = options.item(for: queue.name, key: options.key, payload: try Payload(encoding: value))
                (item.capacity, item.whenFull) = (queue.capacity, queue.whenFull)
                try transaction.add(.push(item), in: queue.store, queue: queue.name)
            },
            isReply: false
        )
    }

    /// Where the results of the queue's items go: to whoever waits for them.
    ///
    /// It is the outlet for a pipeline that is run by hand on a queue whose items were called by workflows. Values are
    /// not pushed into it but moved, with ``Transaction/move(_:_:to:)``.
    public func replies<Output: Codable & Sendable>(as type: Output.Type = Output.self) -> WriteQueue<Output> {
        let name = self.name
        return WriteQueue(
            name: self.name,
            store: self.store,
            encode: { value throws(PenstockError) in try Payload(encoding: value) },
            add: { _, options, _ throws(PenstockError) in
                throw PenstockError(
                    .unsupported,
                    """
                    key '\(options.key ?? "(none)")': the replies of queue '\(name)' take the result of an item \
                    that is leased: use Transaction.move
                    """
                )
            },
            isReply: true
        )
    }
}

extension Queue {
    /// Pushes a value and returns once it is durable; see ``WriteQueue/push(_:key:options:)``.
    public func push(
        _ value: Value,
        key: String? = nil,
        options: PushOptions = PushOptions()
    ) async throws(PenstockError) {
        try await self.writer.push(value, key: key, options: options)
    }

    /// Pushes many values, all or none, and returns once they are durable.
    public func push(
        _ values: [(key: String?, value: Value)],
        options: PushOptions = PushOptions()
    ) async throws(PenstockError) {
        try await self.writer.push(values, options: options)
    }

    /// Leases the next item for `duration`, waiting until there is one; see ``ReadQueue/reserve(for:)``.
    public func reserve(for duration: Duration = .seconds(120)) async throws(PenstockError) -> Lease<Value> {
        try await self.reader.reserve(for: duration)
    }

    /// Leases the next item, or the one with `key`, if it is ready now.
    public func reserveIfReady(
        key: String? = nil,
        for duration: Duration = .seconds(120)
    ) async throws(PenstockError) -> Lease<Value>? {
        try await self.reader.reserveIfReady(key: key, for: duration)
    }

    /// Returns the value under `key` without taking it.
    public func read(_ key: String) async throws(PenstockError) -> Value { try await self.reader.read(key) }

    /// Takes the item with `key` out of the queue and returns its value.
    @discardableResult
    public func pop(_ key: String) async throws(PenstockError) -> Value { try await self.reader.pop(key) }

    /// Whether there is an unsettled item under `key`.
    public func contains(_ key: String) async throws(PenstockError) -> Bool { try await self.reader.contains(key) }

    /// Returns up to `limit` unsettled items in the order in which they would be leased.
    public func items(after: Item<Value>? = nil, limit: Int = 1000) async throws(PenstockError) -> [Item<Value>] {
        try await self.reader.items(after: after, limit: limit)
    }

    /// Returns the keys of up to `limit` unsettled items in the order in which they would be leased.
    public func keys(limit: Int = 1000) async throws(PenstockError) -> [String] {
        try await self.reader.keys(limit: limit)
    }

    /// How many unsettled items the queue has.
    public var count: Int { get async throws(PenstockError) { try await self.reader.count } }

    /// Takes every item out of the queue that no worker holds and no run is waiting for.
    public func clear() async throws(PenstockError) { try await self.reader.clear() }

    /// Adds an element to the list that is kept under a key, all at once; the first element makes the list.
    public func append<Element>(_ element: Element, to key: String) async throws(PenstockError)
    where Value == [Element] {
        let payload = try Payload(encoding: element)
        _ = try await self.store.commit(
            Transaction([.append(queue: self.name, key: key, element: payload)])
        )
    }
}

extension Transaction {
    /// Adds a push.
    public mutating func push<Value>(
        _ value: Value,
        key: String? = nil,
        to queue: WriteQueue<Value>,
        options: PushOptions = PushOptions()
    ) throws(PenstockError) {
        var options = options
        options.key = key
        try queue.add(value, options, &self)
    }

    /// Adds a push.
    public mutating func push<Value>(
        _ value: Value,
        key: String? = nil,
        to queue: Queue<Value>,
        options: PushOptions = PushOptions()
    ) throws(PenstockError) {
        try self.push(value, key: key, to: queue.writer, options: options)
    }

    /// Adds the end of a lease: the item was received, and goes.
    public mutating func complete<Value>(_ lease: consuming Lease<Value>) throws(PenstockError) {
        let (store, queue) = (lease.store, lease.queue)
        try self.add(.settle(lease.handOver(), .consume), in: store, queue: queue)
    }

    /// Adds a hand-over: the lease ends, and its result takes the item's place in `outlet` under the same key.
    public mutating func move<Value, Result>(
        _ lease: consuming Lease<Value>,
        _ result: Result,
        to outlet: WriteQueue<Result>
    ) throws(PenstockError) {
        let (store, queue, key) = (lease.store, lease.queue, lease.key)
        guard !outlet.isReply else {
            let payload = try outlet.encode(result)
            return try self.add(
                .settle(lease.handOver(), .complete(payload)),
                in: store,
                queue: queue
            )
        }
        try self.push(result, key: key.hasPrefix("~") ? nil : key, to: outlet)
        try self.add(.settle(lease.handOver(), .consume), in: store, queue: queue)
    }

    /// Adds taking an item out of a queue.
    public mutating func pop<Value>(_ key: String, from queue: ReadQueue<Value>) throws(PenstockError) {
        try self.add(.pop(.key(queue: queue.name, queue.storedKey(key))), in: queue.store, queue: queue.name)
    }
}

/// A queue as its writers see it.
///
/// It is a view: `accepting`, `mapKeys`, `filter`, `tee` and `route` make others. What a push comes to is a list of
/// operations, so a push through any view is all or none.
public struct WriteQueue<Value: Sendable>: Sendable {
    /// The name of the queue that holds the items, or of the first of them.
    public let name: String

    /// The store that holds the queue.
    public let store: any Store

    /// Encodes a result, for a queue that sends it where it is waited for.
    let encode: @Sendable (Value) throws(PenstockError) -> Payload
    let add: @Sendable (Value, PushOptions, inout Transaction) throws(PenstockError) -> Void
    /// Whether what is written is the result of the item with the same key, and goes where that is waited for.
    let isReply: Bool

    /// Pushes a value and returns once it is durable.
    ///
    /// - Parameters:
    ///   - value: What to push.
    ///   - key: The key; `nil` lets the store choose one. Pushing a key again has one effect, unless
    ///     ``PushOptions/onDuplicate`` says otherwise.
    ///   - options: Due time, priority, return address and policies.
    /// - Throws: ``PenstockError/Code/queueFull`` when the queue is bounded, full, and refuses.
    public func push(
        _ value: Value,
        key: String? = nil,
        options: PushOptions = PushOptions()
    ) async throws(PenstockError) {
        try await self.push([(key, value)], options: options)
    }

    /// Pushes many values, all or none, and returns once they are durable.
    public func push(
        _ values: [(key: String?, value: Value)],
        options: PushOptions = PushOptions()
    ) async throws(PenstockError) {
        var transaction = Transaction()
        for (key, value) in values {
            var options = options
            options.key = key
            try self.add(value, options, &transaction)
        }
        try await self.store.commitWhenThereIsRoom(transaction)
    }
}

/// How a value is pushed.
public struct PushOptions: Sendable {
    /// The key; set by the method that pushes.
    var key: String?
    /// When the item may be worked on; `nil` is at once.
    public var due: Timestamp?
    /// Higher goes first; -9 to 9.
    public var priority: Int
    /// The queue that receives the result under the same key.
    public var replyTo: String?
    /// What happens when the key is there already.
    public var onDuplicate: DuplicatePolicy

    /// Makes options.
    public init(
        due: Timestamp? = nil,
        priority: Int = 0,
        replyTo: String? = nil,
        onDuplicate: DuplicatePolicy = .ignore
    ) {
        self.due = due
        self.priority = priority
        self.replyTo = replyTo
        self.onDuplicate = onDuplicate
    }
}

extension PushOptions {
    /// The item that is pushed in this way.
    func item(for queue: String, key: String?, payload: Payload) -> NewItem {
        NewItem(
            queue: queue,
            key: key,
            payload: payload,
            priority: self.priority,
            due: self.due,
            replyTo: self.replyTo,
            onDuplicate: self.onDuplicate
        )
    }
}

/// What an item has come to, and what records it.
struct Conclusion: Sendable {
    let outcome: RunMachine.Outcome
    /// The changes in the item's own store that record the outcome, without waking whoever waits for it.
    var operations: [Operation]
    /// Changes that the body asked for, which happen with the outcome or not at all.
    var changes: [Operation] = []
    /// The push into a queue of another store that has to come first.
    var elsewhere: Transaction?
}

extension WriteQueue {
    /// What ends the lease of an item whose body returned `value`, when this queue is where the result goes.
    func conclusion(
        of leased: LeasedItem,
        in store: any Store,
        returning value: Value
    ) throws(PenstockError) -> Conclusion {
        let result = try self.encode(value)
        guard !self.isReply else {
            return Conclusion(
                outcome: .success(result),
                operations: [.settle(leased.lease, .complete(result))]
            )
        }
        let record = leased.record
        // A key that Penstock made means nothing in another queue, but gives a push that is repeated one effect.
        let key = record.key.hasPrefix("~") ? "\(record.queue):\(record.key.dropFirst())" : record.key
        var push = Transaction()
        var options = PushOptions(priority: record.priority)
        options.key = key
        try self.add(value, options, &push)
        let end = Operation.settle(leased.lease, .consume)
        if self.store === store {
            return Conclusion(outcome: .success(result), operations: push.operations + [end])
        }
        return Conclusion(outcome: .success(result), operations: [end], elsewhere: push)
    }
}

extension LeasedItem {
    /// What ends the lease of an item that failed.
    func conclusion(_ failure: Failure) -> Conclusion {
        Conclusion(
            outcome: .failure(failure),
            operations: [.settle(self.lease, .fail(failure))]
        )
    }
}

extension Store {
    /// Commits, and waits first until there is room, if a queue is full whose policy is to wait.
    /// - Throws: ``PenstockError/Code/tooLarge`` when there will never be room, besides what the store throws.
    @discardableResult
    package func commitWhenThereIsRoom(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        while true {
            do throws(PenstockError) {
                return try await self.commit(transaction)
            } catch  where error.code == .queueFull && transaction.waitsForRoom {
                for need in transaction.needs {
                    guard need.count <= need.capacity else { throw need.error }
                    // For all of them: to try again for each that is taken out would be in vain.
                    try await self.room(in: need.queue, below: need.capacity - need.count + 1)
                }
            }
        }
    }
}

/// How much room a transaction needs in a bounded queue.
private struct RoomNeed {
    let queue: String
    let capacity: Int
    var count = 1

    var error: PenstockError {
        PenstockError(
            .tooLarge,
            """
            \(self.count) items are pushed to queue '\(self.queue)' at once, which holds \(self.capacity) at most: \
            push fewer at a time, or give it more room
            """
        )
    }
}

extension Transaction {
    /// Whether every bounded queue in it is to be waited for.
    fileprivate var waitsForRoom: Bool {
        self.operations.allSatisfy { operation in
            guard case .push(let item) = operation, item.capacity != nil else { return true }
            return item.whenFull == .wait
        }
    }

    /// What it needs of each bounded queue, in the order in which it comes to them.
    fileprivate var needs: [RoomNeed] {
        var needs: [RoomNeed] = []
        for case .push(let item) in self.operations {
            guard let capacity = item.capacity else { continue }
            if let place = needs.firstIndex(where: { $0.queue == item.queue }) {
                needs[place].count += 1
            } else {
                needs.append(RoomNeed(queue: item.queue, capacity: capacity))
            }
        }
        // What it takes out itself may make room for what it puts in; whose items these are, only the store knows.
        let ends = self.operations.count { if case .push = $0 { false } else { true } }
        for place in needs.indices { needs[place].count = max(1, needs[place].count - ends) }
        return needs
    }
}

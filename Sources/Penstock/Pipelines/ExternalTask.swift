/// A pipeline that is completed from outside: by an API, another program, or a person.
///
/// Its items wait in its queue until somebody resolves or rejects them at a ``Desk``; each result goes to its own
/// return address, exactly once.
public struct ExternalTask<Input: Codable & Sendable, Output: Codable & Sendable>: Pipeline {
    /// The name, which is also the name of its queue.
    ///
    /// It is written into the store: renaming it starts a new history.
    public let name: String

    private let serve: @Sendable (Desk<Input, Output>) async throws -> Void

    /// Makes an external task whose items are resolved by whoever opens a desk on it.
    public init(_ name: String) {
        self.name = name
        self.serve = { desk in try await desk.input.store.environment.clock.sleepForever() }
    }

    /// Makes an external task that, when it is run by hand, runs `serve` with its desk: a web server, for example.
    public init(_ name: String, serve: @escaping @Sendable (Desk<Input, Output>) async throws -> Void) {
        self.name = name
        self.serve = serve
    }

    /// Serves the items of one queue, whose results go to another, until the task is cancelled.
    public func run(from input: ReadQueue<Input>, to output: WriteQueue<Output>) async throws {
        try await self.serve(Desk(input: input, output: output))
    }

    /// Opens a desk on the task's queue in a store, from which results go where they are waited for.
    public func desk(in store: any Store) throws(PenstockError) -> Desk<Input, Output> {
        let queue = try Queue<Input>(self.name, in: store)
        return Desk(input: queue.reader, output: queue.replies())
    }
}

/// Where the items of an external task are looked at and settled.
public struct Desk<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
    /// The items that wait.
    public let input: ReadQueue<Input>
    let output: WriteQueue<Output>

    init(input: ReadQueue<Input>, output: WriteQueue<Output>) {
        self.input = input
        self.output = output
    }

    /// Returns up to `limit` items that wait, in the order in which they would be leased, going on after an item.
    public func waiting(after: Item<Input>? = nil, limit: Int = 1000) async throws(PenstockError) -> [Item<Input>] {
        try await self.input.items(after: after, limit: limit)
    }

    /// Returns the item under `key`, if it waits.
    public func item(_ key: String) async throws(PenstockError) -> Item<Input>? {
        try await self.input.item(key)
    }

    /// Ends the item under `key` with a result.
    ///
    /// Of any number of callers one succeeds.
    /// - Throws: ``PenstockError/Code/conflict`` when it has ended, or a worker holds it, and
    ///   ``PenstockError/Code/notFound`` when there is none.
    public func resolve(_ key: String, with result: Output) async throws(PenstockError) {
        guard !self.output.isReply else {
            let payload = try self.output.encode(result)
            return try await self.commit([.resolve(self.reference(key), .resolve(payload))], in: self.input.store)
        }
        var transaction = Transaction()
        try transaction.push(result, key: key, to: self.output)
        if self.output.store !== self.input.store {
            try await self.output.store.commitWhenThereIsRoom(transaction)
            transaction = Transaction()
        }
        try transaction.pop(key, from: self.input)
        try await self.input.store.commitWhenThereIsRoom(transaction)
    }

    /// Ends the item under `key` with a failure, which is thrown to whoever waits for it.
    public func reject(_ key: String, because reason: String) async throws(PenstockError) {
        let failure = Failure(.rejected, pipeline: self.input.name, message: reason, attempts: 1)
        try await self.commit([.resolve(self.reference(key), .reject(failure))], in: self.input.store)
    }

    private func reference(_ key: String) -> ItemReference {
        .key(queue: self.input.name, self.input.storedKey(key))
    }

    private func commit(_ operations: [Operation], in store: any Store) async throws(PenstockError) {
        _ = try await store.commit(Transaction(operations))
    }
}

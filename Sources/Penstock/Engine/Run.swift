/// A run that was started: its address, and the way to its result.
public struct Run<Output: Codable & Sendable>: Sendable {
    /// Where the run lives in the store.
    public let id: ItemID

    /// The key under which it was started.
    public let key: String

    /// Whether it was there already when it was started with a key.
    public let wasThere: Bool

    let store: any Store

    /// The result; waits for it.
    ///
    /// Throws the run's ``Failure`` when it failed or was cancelled, and ``PenstockError/Code/notFound`` when it was
    /// deleted.
    public var value: Output {
        get async throws {
            guard let record = try await self.store.settled(self.id), let outcome = record.outcome else {
                throw PenstockError(.notFound, "run '\(self.key)' is gone: it was deleted")
            }
            return try outcome.get().decode()
        }
    }
}

extension Engine {
    /// Starts a run of a pipeline, and returns once that is durable.
    ///
    /// - Parameters:
    ///   - pipeline: What to run. It need not be among this engine's: the run waits for an engine that has it.
    ///   - input: Its input.
    ///   - key: The key; starting with a key that is there answers with the run that is there. `nil` lets the store
    ///     choose.
    ///   - options: Due time, priority, return address, and what happens when the key is there.
    public func start<P: Pipeline>(
        _ pipeline: P,
        _ input: P.Input,
        key: String? = nil,
        options: PushOptions = PushOptions()
    ) async throws(PenstockError) -> Run<P.Output> {
        let item = options.item(for: pipeline.name, key: key, payload: try Payload(encoding: input))
        let receipt = try await self.store.commit(Transaction([.push(item)]))
        guard let id = receipt.ids.first ?? nil else {
            throw PenstockError(.storeUnusable, "the store did not say where it put key '\(key ?? "(none)")'")
        }
        return Run(id: id, key: key ?? id.key, wasThere: receipt.wasThere.first ?? false, store: self.store)
    }

    /// Starts a run of a pipeline for each input, all or none, and returns once that is durable.
    @discardableResult
    public func start<P: Pipeline>(
        _ pipeline: P,
        _ inputs: [(key: String?, input: P.Input)],
        options: PushOptions = PushOptions()
    ) async throws(PenstockError) -> [Run<P.Output>] {
        var operations: [Operation] = []
        for (key, input) in inputs {
            let item = options.item(for: pipeline.name, key: key, payload: try Payload(encoding: input))
            operations.append(.push(item))
        }
        let receipt = try await self.store.commit(Transaction(operations))
        return zip(inputs, zip(receipt.ids, receipt.wasThere)).compactMap { input, made in
            made.0.map { Run(id: $0, key: input.key ?? $0.key, wasThere: made.1, store: self.store) }
        }
    }

    /// Finds the run of a pipeline that was started with `key`.
    public func run<P: Pipeline>(of pipeline: P, key: String) async throws(PenstockError) -> Run<P.Output>? {
        let record = try await self.store.item(.key(queue: pipeline.name, key))
        return record.map { Run(id: $0.id, key: $0.key, wasThere: true, store: self.store) }
    }

    /// The queue of a pipeline.
    public func queue<P: Pipeline>(of pipeline: P) throws(PenstockError) -> Queue<P.Input> {
        try Queue(pipeline.name, in: self.store)
    }

    /// The desk of an external task.
    public func desk<Input, Output>(of task: ExternalTask<Input, Output>) throws(PenstockError) -> Desk<Input, Output> {
        try task.desk(in: self.store)
    }

    /// Applies a transaction over queues of the engine's store, all or none, and returns once it is durable.
    @discardableResult
    public func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        try await self.store.commitWhenThereIsRoom(transaction)
    }
}

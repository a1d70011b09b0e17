import Penstock

/// An external task whose types are not known here.
protocol TaskDesk: Sendable {
    var name: String { get }

    /// The type of a result, for a message.
    var resultType: String { get }

    /// Ends an item with a result, which has to be of the task's type.
    func resolve(_ key: String, with result: Payload, in store: any Store) async throws(PenstockError)

    /// Ends an item with a failure.
    func reject(_ key: String, because reason: String, in store: any Store) async throws(PenstockError)
}

extension ExternalTask: TaskDesk {
    var resultType: String { "\(Output.self)" }

    func resolve(_ key: String, with result: Payload, in store: any Store) async throws(PenstockError) {
        try await Front(self, in: store).resolve(self.name, key, with: result)
    }

    func reject(_ key: String, because reason: String, in store: any Store) async throws(PenstockError) {
        try await Front(self, in: store).reject(self.name, key, because: reason)
    }
}

/// A task of which nothing is known but its name.
struct UncheckedDesk: TaskDesk {
    let name: String

    var resultType: String { "JSON" }

    func resolve(_ key: String, with result: Payload, in store: any Store) async throws(PenstockError) {
        _ = try await store.commit(Transaction([.resolve(.key(queue: self.name, key), .resolve(result))]))
    }

    func reject(_ key: String, because reason: String, in store: any Store) async throws(PenstockError) {
        let failure = Failure(.rejected, pipeline: self.name, message: reason, attempts: 1)
        _ = try await store.commit(Transaction([.resolve(.key(queue: self.name, key), .reject(failure))]))
    }
}

extension CommandContext {
    /// The desk of the task in whose queue an item is.
    /// - Throws: an error that says what to do when the program does not know the task, or it is none.
    func desk(for record: ItemRecord, isUnchecked: Bool) throws -> any TaskDesk {
        switch self.pipelines[record.queue] {
        case let desk as any TaskDesk: return desk
        case .some:
            throw PenstockError(
                .conflict,
                "'\(record.queue)' is no external task: an engine works on it, and nobody resolves it"
            )
        case nil where isUnchecked: return UncheckedDesk(name: record.queue)
        case nil:
            throw PenstockError(
                .unknownPipeline,
                """
                this program does not know the task '\(record.queue)', so the type cannot be checked: call \
                PenstockCommand.main(pipelines:) in your own program and use that, or add --unchecked
                """
            )
        }
    }
}

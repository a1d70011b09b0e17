/// Several external tasks behind one front: what waits for people, whatever the type.
///
/// Values appear as JSON; a result is checked against the type of its task before anything is changed.
public struct Front: Sendable {
    /// An item that waits.
    public struct Waiting: Sendable {
        /// The name of the task.
        public let task: String
        /// The key.
        public let key: String
        /// The input as JSON.
        public let input: Payload
        /// When it was pushed or called.
        public let created: Timestamp
        /// The run that called it.
        public let caller: ItemID?
    }

    private struct Counter: Sendable {
        let name: String
        let waiting: @Sendable (Int) async throws(PenstockError) -> [Waiting]
        let resolve: @Sendable (String, Payload) async throws(PenstockError) -> Void
        let reject: @Sendable (String, String) async throws(PenstockError) -> Void
    }

    private let counters: [Counter]

    /// Opens a front over the queues of several tasks in one store.
    public init<each Input, each Output>(
        _ tasks: repeat ExternalTask<each Input, each Output>,
        in store: any Store
    ) throws(PenstockError) {
        var counters: [Counter] = []
        for task in repeat each tasks { counters.append(Self.counter(try task.desk(in: store), task.name)) }
        self.counters = counters
    }

    private static func counter<Input, Output>(_ desk: Desk<Input, Output>, _ name: String) -> Counter {
        Counter(
            name: name,
            waiting: { limit throws(PenstockError) in
                try await desk.waiting(limit: limit).map { item throws(PenstockError) in
                    Waiting(
                        task: name,
                        key: item.key,
                        input: try Payload(encoding: item.value),
                        created: item.created,
                        caller: item.caller
                    )
                }
            },
            resolve: { key, result throws(PenstockError) in
                try await desk.resolve(key, with: try result.decode(as: Output.self))
            },
            reject: { key, reason throws(PenstockError) in try await desk.reject(key, because: reason) }
        )
    }

    /// The names of the tasks.
    public var tasks: [String] { self.counters.map(\.name) }

    /// Returns up to `limit` items of each task that wait, oldest first.
    public func waiting(limit: Int = 1000) async throws(PenstockError) -> [Waiting] {
        var waiting: [Waiting] = []
        for counter in self.counters { waiting += try await counter.waiting(limit) }
        return waiting.sorted { ($0.created, $0.key) < ($1.created, $1.key) }
    }

    /// Ends an item with a result in JSON.
    /// - Throws: ``PenstockError/Code/undecodable`` when it is not of the task's type; nothing was changed then.
    public func resolve(_ task: String, _ key: String, with result: Payload) async throws(PenstockError) {
        try await self.counter(task).resolve(key, result)
    }

    /// Ends an item with a failure.
    public func reject(_ task: String, _ key: String, because reason: String) async throws(PenstockError) {
        try await self.counter(task).reject(key, reason)
    }

    private func counter(_ name: String) throws(PenstockError) -> Counter {
        guard let counter = self.counters.first(where: { $0.name == name }) else {
            let names = self.tasks.joined(separator: ", ")
            throw PenstockError(.unknownPipeline, "there is no task '\(name)' behind this front; there are: \(names)")
        }
        return counter
    }
}

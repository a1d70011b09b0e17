/// Runs pipelines against a store.
///
/// Workers live inside ``run(_:)``: they begin with it, and what is under way comes to its end before it returns. Runs
/// can be started, looked at and controlled at any time, inside or outside.
///
/// ```swift
/// let engine = try await Engine(store: .sqlite(path: "app.db"), pipelines: [double, quad, review])
/// try await engine.run {
///     let run = try await engine.start(quad, 10, key: "first")
///     print(try await run.value)
/// }
/// ```
public final class Engine: Sendable {
    /// The store.
    public let store: any Store

    /// The pipelines that the engine runs, by name.
    public let pipelines: [String: any Pipeline]

    let core: EngineCore
    private let ownsStore: Bool

    /// Opens the store and prepares to run the pipelines and their parts.
    /// - Throws: ``PenstockError`` when the store cannot be opened, a name is not allowed, or two pipelines share one.
    public init(
        store source: StoreSource,
        pipelines: [any Pipeline],
        configuration: EngineConfiguration = EngineConfiguration(),
        environment: RuntimeEnvironment = RuntimeEnvironment()
    ) async throws(PenstockError) {
        self.pipelines = try Self.register(pipelines)
        self.store = try await source.open(environment)
        self.ownsStore = source.isOwned
        let workers = try Self.workers(for: Self.inOrder(self.pipelines), in: self.store)
        self.core = EngineCore(store: self.store, workers: workers, configuration: configuration)
    }

    /// All pipelines and their parts by name; a part gives way to a pipeline of its name that was listed.
    static func register(_ listed: [any Pipeline]) throws(PenstockError) -> [String: any Pipeline] {
        var pipelines: [String: any Pipeline] = [:]
        for pipeline in listed {
            try Limits.checkName(pipeline.name)
            guard pipelines.updateValue(pipeline, forKey: pipeline.name) == nil else {
                throw PenstockError(
                    .duplicatePipeline,
                    "two pipelines are called '\(pipeline.name)': give one of them another name"
                )
            }
        }
        var parts = listed.flatMap(\.parts)
        while let part = parts.popLast() {
            guard pipelines[part.name] == nil else { continue }
            try Limits.checkName(part.name)
            pipelines[part.name] = part
            parts += part.parts
        }
        return pipelines
    }

    static func workers(for pipelines: [any Pipeline], in store: any Store) throws(PenstockError) -> [any Worker] {
        var workers: [any Worker] = []
        for pipeline in pipelines {
            if let worker = try Self.worker(for: pipeline, in: store) { workers.append(worker) }
        }
        return workers
    }

    private static func worker<P: Pipeline>(for pipeline: P, in store: any Store) throws(PenstockError) -> (any Worker)?
    {
        let queue = try Queue<P.Input>(pipeline.name, in: store)
        return (pipeline as? any NativePipeline<P.Input, P.Output>)?.worker(from: queue.reader, to: queue.replies())
    }

    /// Runs the pipelines as long as `body` runs, then lets what is under way come to its end, and returns what `body`
    /// returned.
    ///
    /// Activities get ``EngineConfiguration/drainLimit`` to end; those that do not are cancelled and go back to their
    /// queues. Runs that wait are left to the store. When the surrounding task is cancelled, activities are cancelled
    /// at once.
    public func run<Result>(_ body: () async throws -> sending Result) async throws -> sending Result {
        try await self.core.run(others: self.others, body)
    }

    /// Runs the pipelines until the task is cancelled.
    ///
    /// It has the shape that a `Service` of swift-service-lifecycle asks for.
    public func run() async throws {
        try await self.run { try await self.store.environment.clock.sleepForever() }
    }

    /// The pipelines in an order that is the same every time.
    private static func inOrder(_ pipelines: [String: any Pipeline]) -> [any Pipeline] {
        pipelines.values.sorted { $0.name < $1.name }
    }

    /// The pipelines that run by their own `run(from:to:)`.
    private var others: [@Sendable () async throws -> Void] {
        Self.others(among: Self.inOrder(self.pipelines), in: self.store)
    }

    static func others(
        among pipelines: [any Pipeline],
        in store: any Store
    ) -> [@Sendable () async throws -> Void] {
        pipelines.compactMap { pipeline in
            pipeline is any NativePipeline ? nil : Self.runner(of: pipeline, in: store)
        }
    }

    private static func runner<P: Pipeline>(of pipeline: P, in store: any Store) -> @Sendable () async throws -> Void {
        let queue = Queue<P.Input>(checked: pipeline.name, in: store)
        return { try await pipeline.run(from: queue.reader, to: queue.replies()) }
    }

    /// Closes the store, if the engine opened it.
    public func close() async {
        if self.ownsStore { await self.store.close() }
    }

    /// What the engine has done since it was made.
    public var statistics: EngineStatistics {
        let counters = self.core.counters
        return EngineStatistics(
            attempts: counters.attempts.value,
            activations: counters.activations.value,
            replays: counters.replays.value,
            replayedSteps: counters.replayedSteps.value,
            evictions: counters.evictions.value,
            retries: counters.retries.value,
            failures: counters.failures.value,
            hotRuns: self.core.hot.count,
            hotBytes: self.core.hot.bytes
        )
    }
}

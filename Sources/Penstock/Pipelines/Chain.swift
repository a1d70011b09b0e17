/// Pipelines one after the other: the output of each is the input of the next.
///
/// A chain is a workflow that calls its parts in order, so it is durable between them and takes part in everything that
/// a workflow does. An engine that runs a chain runs its parts.
///
/// ```swift
/// let fulfil = Chain("fulfil") {
///     charge
///     ship
/// }
/// ```
public struct Chain<Input: Codable & Sendable, Output: Codable & Sendable>: Pipeline {
    /// The name, which is also the name of its queue.
    ///
    /// It is written into the store: renaming it starts a new history.
    public let name: String

    /// The pipelines of the chain.
    public let parts: [any Pipeline]

    private let workflow: Workflow<Input, Output>

    /// Makes a chain of the pipelines that are listed.
    public init(_ name: String, @ChainBuilder _ links: () -> ChainLinks<Input, Output>) {
        let links = links()
        self.name = name
        self.parts = links.parts
        self.workflow = Workflow(name) { input, context in try await links.call(input, context) }
    }

    /// Runs the chain's items from one queue to another, and its parts with them, until the task is cancelled.
    public func run(from input: ReadQueue<Input>, to output: WriteQueue<Output>) async throws {
        // A part may be there more than once, and have parts of its own.
        var pipelines = try Engine.register([self])
        pipelines[self.name] = nil
        guard pipelines[input.name] == nil else {
            throw PenstockError(
                .duplicatePipeline,
                "chain '\(self.name)' cannot take items from queue '\(input.name)', which belongs to one of its parts"
            )
        }
        let parts = Array(pipelines.values)
        let workers = [self.worker(from: input, to: output)] + (try Engine.workers(for: parts, in: input.store))
        let core = EngineCore(store: input.store, workers: workers)
        try await core.run(others: Engine.others(among: parts, in: input.store)) {
            try await core.environment.clock.sleepForever()
        }
    }
}

extension Chain: NativePipeline {
    package func worker(from input: ReadQueue<Input>, to output: WriteQueue<Output>) -> any Worker {
        self.workflow.worker(from: input, to: output)
    }
}

/// The links of a chain, up to some point.
public struct ChainLinks<Input: Codable & Sendable, Output: Codable & Sendable>: Sendable {
    let parts: [any Pipeline]
    let call: @Sendable (Input, WorkflowContext) async throws -> Output
}

/// Puts pipelines one after the other; a pair that does not fit does not compile.
@resultBuilder
public enum ChainBuilder {
    /// The first link.
    public static func buildPartialBlock<P: Pipeline>(first: P) -> ChainLinks<P.Input, P.Output> {
        ChainLinks(parts: [first]) { input, context in try await context.call(first, input) }
    }

    /// The next link.
    public static func buildPartialBlock<Input, P: Pipeline>(
        accumulated: ChainLinks<Input, P.Input>,
        next: P
    ) -> ChainLinks<Input, P.Output> {
        ChainLinks(parts: accumulated.parts + [next]) { input, context in
            try await context.call(next, try await accumulated.call(input, context))
        }
    }
}

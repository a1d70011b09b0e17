public import Penstock

/// A graph has one inlet and one outlet, so it is a pipeline: by hand between two queues, in an engine, in a workflow.
///
/// Each item of its queue is a run of its own, in which gathering nodes have what was made of that item alone, and
/// which comes to one output. It is tried as an ``Activity`` is: a crash in the middle runs it again, and what it comes
/// to is recorded once. For a stream through a graph whose links are durable there is ``run(_:in:as:to:sharing:)``.
extension Graph: Pipeline where Input: Codable, Output: Codable {
    /// Runs the graph for each item of one queue and sends what it comes to to another, until the task is cancelled.
    public func run(from input: ReadQueue<Input>, to output: WriteQueue<Output>) async throws {
        try await self.activity().run(from: input, to: output)
    }

    /// The graph as an activity, with policies for retries and time.
    public func activity(options: ActivityOptions = ActivityOptions()) -> Activity<Input, Output> {
        Activity(self.name, options: options) { input in try await self.value(for: input) }
    }
}

extension Graph: NativePipeline where Input: Codable, Output: Codable {
    package func worker(from input: ReadQueue<Input>, to output: WriteQueue<Output>) -> any Worker {
        self.activity().worker(from: input, to: output)
    }
}

extension Graph {
    /// Runs the graph for one item.
    ///
    /// - Returns: the one item that comes out.
    /// - Throws: ``GraphFailure`` when the run fails; ``FlowError`` when not exactly one item comes out.
    public func value(for input: Input, sharing shared: (any Sendable)? = nil) async throws -> Output {
        var value: Output?
        var count = 0
        for try await output in self.run(CollectionOfOne(input), sharing: shared) {
            count += 1
            value = value ?? output
        }
        guard count == 1, let value else {
            throw FlowError(
                .notOne,
                "\(count) items came out of graph '\(self.name)' for one that went in: end it with a gathering node"
            )
        }
        return value
    }
}

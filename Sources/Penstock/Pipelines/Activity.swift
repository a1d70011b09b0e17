/// A pipeline that makes one output of one input: the place for side effects.
///
/// The body runs at least once for each item, and again after it failed or its process died; what it returns is
/// recorded once. A body with a second parameter, a ``Transaction``, adds changes that happen exactly when its result
/// is recorded: exactly once.
///
/// ```swift
/// let double = Activity("double") { (x: Int) in 2 * x }
/// ```
public struct Activity<Input: Codable & Sendable, Output: Codable & Sendable>: Pipeline {
    /// The name, which is also the name of its queue.
    ///
    /// It is written into the store: renaming it starts a new history.
    public let name: String

    /// When and how often it is tried, and how long it may take.
    public let options: ActivityOptions

    let body: @Sendable (Input, inout Transaction) async throws -> Output

    /// Makes an activity from a function of its input.
    public init(
        _ name: String,
        options: ActivityOptions = ActivityOptions(),
        _ body: @escaping @Sendable (Input) async throws -> Output
    ) {
        self.name = name
        self.options = options
        self.body = { input, _ in try await body(input) }
    }

    /// Makes an activity whose body adds changes to the transaction that records its result.
    public init(
        _ name: String,
        options: ActivityOptions = ActivityOptions(),
        transaction body: @escaping @Sendable (Input, inout Transaction) async throws -> Output
    ) {
        self.name = name
        self.options = options
        self.body = body
    }

    /// Runs the activity's items from one queue to another until the task is cancelled.
    public func run(from input: ReadQueue<Input>, to output: WriteQueue<Output>) async throws {
        try await EngineCore.run(by: self.worker(from: input, to: output), in: input.store)
    }
}

extension Activity where Output == Nothing {
    /// Makes an activity from a function that returns nothing.
    public init(
        _ name: String,
        options: ActivityOptions = ActivityOptions(),
        _ body: @escaping @Sendable (Input) async throws -> Void
    ) {
        self.init(name, options: options) { (input: Input) async throws -> Nothing in
            try await body(input)
            return Nothing()
        }
    }
}

/// When and how often an activity is tried, and how long it may take.
public struct ActivityOptions: Sendable {
    /// When an attempt that failed is followed by another.
    public var retry: RetryPolicy

    /// How long one attempt may take; `nil` is as long as it likes.
    ///
    /// The body's task is cancelled at the end, and what it returns later is ignored.
    public var startToClose: Duration?

    /// How long all attempts together may take, from the push or call.
    public var scheduleToClose: Duration?

    /// How many items an engine works on at once.
    public var concurrency: Int

    /// Makes options.
    public init(
        retry: RetryPolicy = RetryPolicy(),
        startToClose: Duration? = nil,
        scheduleToClose: Duration? = nil,
        concurrency: Int = 256
    ) {
        self.retry = retry
        self.startToClose = startToClose
        self.scheduleToClose = scheduleToClose
        self.concurrency = max(concurrency, 1)
    }
}

/// A unit of computation with one input queue and one output queue.
///
/// The output queue is somebody else's input queue, so anything made of pipelines is a pipeline. Where it runs and what
/// holds its queues are choices made when it is started: by hand with ``run(from:to:)``, or in an ``Engine``, which
/// gives it the queue of its name and sends each result where it is waited for.
public protocol Pipeline<Input, Output>: Sendable {
    /// What an item of the input queue holds.
    associatedtype Input: Codable & Sendable

    /// What an item of the output queue holds.
    associatedtype Output: Codable & Sendable

    /// The name, under which work for it is stored; 1 to 128 of `A–Z a–z 0–9 . _ : -`.
    ///
    /// It is written down, never derived: renaming code does not change history, and renaming a pipeline starts a new
    /// one.
    var name: String { get }

    /// Takes items from `input`, and sends what they come to to `output`, until the task is cancelled.
    ///
    /// Taking an item and sending its result is one transaction when both queues are in one store. When they are not,
    /// the result is sent first, under the same key, so that a crash in between has no second effect.
    func run(from input: ReadQueue<Input>, to output: WriteQueue<Output>) async throws

    /// Other pipelines that an engine should run with this one; none by default.
    var parts: [any Pipeline] { get }
}

extension Pipeline {
    /// No other pipelines.
    public var parts: [any Pipeline] { [] }
}

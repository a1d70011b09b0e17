public import Penstock
import PenstockThreads
import Synchronization

/// Runs segments, each on its own thread, from the loading of libraries to the result of each.
///
/// All segments go through each phase before any begins the next: libraries, actions, start, offers, claims, links. So
/// a claim that no offer meets, a circle, or an action that cannot start fails the pipeline before an item has flowed.
/// Then the segment named by ``start`` gets the activation item and the end of its stream, and all are run.
///
/// ```swift
/// let pipeline = PipelineManager([
///     Segment("start", of: Int.self) {
///         FlatMap { count, put in for number in 0..<count { try put(number) } }
///         Send<Int>(to: "sink")
///     },
///     Segment("sink") { ForEach { (number: Int) in print(number) } },
/// ])
/// let result = await pipeline.run(10)
/// ```
public final class PipelineManager: Sendable {
    /// The segment that gets the activation item.
    public let start: String

    /// What managers and runners have said to one another so far.
    public var trace: ControlTrace { self.settings.trace }

    private let segments: [Segment]
    private let settings: SegmentSettings
    private let hasBegun = Atomic(false)

    /// Makes a pipeline, which can be run once.
    ///
    /// - Parameters:
    ///   - segments: The segments, each with a name of its own.
    ///   - start: The one that gets the activation item.
    ///   - libraries: Swift dynamic libraries with actions, which each segment loads in phase a1: paths, or names that
    ///     the system's loader looks for.
    ///   - actions: The program's own actions that segments ask for by name.
    ///   - onFailure: What the other segments do when one has failed.
    ///   - grace: How long a segment may take to end once it was told to; one that takes longer, because an action of
    ///     its does not come back, is left behind and named.
    ///   - trace: Where it is written down what managers and runners say to one another.
    public init(
        _ segments: [Segment],
        start: String = "start",
        libraries: [String] = [],
        actions: [ActionLibrary] = [],
        onFailure: FailurePolicy = .interrupt,
        grace: Duration = .seconds(10),
        trace: ControlTrace = ControlTrace()
    ) {
        (self.segments, self.start) = (segments, start)
        self.settings = SegmentSettings(
            libraries: libraries,
            catalog: ActionCatalog(actions),
            onFailure: onFailure,
            grace: grace,
            trace: trace
        )
    }

    /// Runs the pipeline to its end, and returns how it has ended; it never throws, and it never hangs.
    ///
    /// When the task is cancelled, the pipeline is aborted. A pipeline runs once; a second call traps.
    public func run<Item: Sendable>(_ activation: Item) async -> PipelineResult {
        await self.run(Activation(activation))
    }

    /// Runs the pipeline with an item that is decoded as what the start segment takes.
    public func run(json activation: Payload) async -> PipelineResult {
        await self.run(Activation(json: activation))
    }

    private func run(_ activation: Activation) async -> PipelineResult {
        precondition(!self.hasBegun.exchange(true, ordering: .relaxed), "a pipeline runs once: make another one")
        return await withTaskCancellationHandler {
            await withCheckedContinuation { ended in
                let code = SystemThread.start("pipeline") { ended.resume(returning: self.main(activation)) }
                guard code != 0 else { return }
                let reason = "no thread could be started (error \(code))"
                ended.resume(returning: PipelineResult(outcome: .failed(reason), segments: []))
            }
        } onCancel: {
            self.abort("the task that ran it was cancelled")
        }
    }

    /// Aborts the pipeline, from any thread: every segment ends at its next item.
    public func abort(_ reason: String) {
        self.settings.interruption.interrupt(reason)
    }

    // MARK: The manager's thread

    private func main(_ activation: Activation) -> PipelineResult {
        let names = self.segments.map(\.name)
        if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
            let reason = "two segments are named '\(name)': name one of them differently"
            return PipelineResult(outcome: .failed(reason), segments: [])
        }
        let handshake = Handshake(self.segments, self.settings)
        do throws(HandshakeEnding) {
            try handshake.bootstrap()
            try handshake.activate(self.start, activation)
            return handshake.run()
        } catch {
            return handshake.end(error)
        }
    }
}

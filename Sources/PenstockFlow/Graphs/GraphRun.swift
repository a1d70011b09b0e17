import Synchronization

/// A run of a graph: the items that come out of it, and the means to look at it and to end it.
///
/// It goes on as long as its items are taken. Whoever stops taking them ends it.
///
/// ```swift
/// let run = graph.run(lines)
/// for try await word in run { print(word) }
/// print(await run.result)
/// ```
public final class GraphRun<Output: Sendable>: AsyncSequence, Sendable {
    /// What comes out.
    public typealias Element = Output

    private let graph: String
    private let control: RunControl
    private let end: Task<GraphResult, Never>
    private let outlet: InletDoor<Envelope<Output>>
    private let seat: NodeSeat
    private let isTaken = Atomic(false)

    init(_ graph: String, _ control: RunControl, _ outlet: InletDoor<Envelope<Output>>, _ seat: NodeSeat) {
        (self.graph, self.control, self.outlet, self.seat) = (graph, control, outlet, seat)
        self.end = Task(executorPreference: FlowExecutor.shared) { await control.main() }
    }

    deinit {
        // It says nothing to a run that has ended.
        self.control.cancel("nobody takes what comes out of it")
        self.end.cancel()
    }

    /// How the run has ended, once it has; it does not end before what comes out of it was taken.
    public var result: GraphResult {
        get async { await self.end.value }
    }

    /// What each node has done so far, and how much waits before it.
    public var progress: [NodeProgress] { self.control.progress }

    /// Takes no more input, and has everything that is under way come to its end.
    public func drain() { self.control.drain() }

    /// Ends the run: every node stops at its next item, and what is under way is given up.
    public func cancel(_ reason: String = "it was cancelled") {
        self.control.cancel(reason)
        self.end.cancel()
    }

    /// Returns the items as they come out; this can be asked once.
    public func makeAsyncIterator() -> AsyncIterator {
        precondition(!self.isTaken.exchange(true, ordering: .relaxed), "what comes out of a run is taken once")
        return AsyncIterator(OutletReader(self))
    }

    /// Takes the items that come out of a run.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline
        let reader: OutletReader

        init(_ reader: OutletReader) {
            self.reader = reader
        }

        /// Takes the next item, and waits for it.
        ///
        /// - Returns: `nil` when the run has completed.
        /// - Throws: ``GraphFailure`` when it has not; `CancellationError` when the task was cancelled, and the run
        ///   with it.
        @inlinable
        public mutating func next() async throws -> Output? {
            if let item = self.reader.takeIfReady() { return item }
            return try await self.reader.next()
        }
    }

    /// The end of the run out of which items come, in the hands of one task.
    @usableFromInline
    final class OutletReader {
        private let run: GraphRun
        @usableFromInline
        let interruption: Interruption
        // One task uses it, so nobody asks whether somebody else does at the same time.
        @usableFromInline
        @exclusivity(unchecked)
        var inlet: Inlet<Envelope<Output>>?
        private var isOver = false

        init(_ run: GraphRun) {
            self.run = run
            unsafe self.inlet = Inlet(run.outlet, bell: run.seat.bell)
            self.interruption = run.seat.interruption
        }

        deinit {
            if !self.isOver { self.run.cancel("whoever took what came out of it has left") }
        }

        /// Takes an item that is there already; whatever else there is to be said is said by ``next()``.
        @inlinable
        func takeIfReady() -> Output? {
            do {
                while let envelope = try unsafe self.inlet?.takeIfReady(self.interruption) {
                    if let item = envelope.item { return item }
                }
            } catch {
                // Who waits for the next item hears of it.
            }
            return nil
        }

        @usableFromInline
        func next() async throws -> Output? {
            let run = self.run
            return try await withTaskCancellationHandler {
                try await self.take()
            } onCancel: {
                run.cancel("the task that took what came out of it was cancelled")
            }
        }

        private func take() async throws -> Output? {
            do {
                while let envelope = try await unsafe self.inlet?.next(self.run.seat) {
                    if let item = envelope.item { return item }
                }
            } catch is SegmentStopped {
                // The result says why.
            }
            unsafe self.inlet = nil
            self.isOver = true
            let result = await self.run.result
            if case .completed = result.outcome { return nil }
            try Task.checkCancellation()
            throw GraphFailure(graph: self.run.graph, result: result)
        }
    }
}

/// What a node has done so far, and how much waits before it.
public struct NodeProgress: Sendable, Hashable {
    /// The name of the node.
    public let node: String
    /// What it has done.
    public let counts: NodeCounts
    /// How many items wait in the links into it.
    public let depth: Int
    /// How many items these links hold together.
    public let capacity: Int
    /// Which share of the time since the run began it has worked, and not waited: 0 to 1.
    public let busy: Double
}

import Synchronization

/// A run of a graph of any type: it has its nodes run, ends them all when one fails, and says how it ended.
final class RunControl: Sendable {
    private struct State {
        /// The tasks of those that bring items in, which a drain ends.
        var feeders: [Task<Void, any Error>] = []
    }

    /// A node with its place in this run.
    struct Seated: Sendable {
        let node: PlannedNode
        let seat: NodeSeat
        let sockets: [InletSocket]
        let run: @Sendable () async throws -> Void

        init(
            node: PlannedNode,
            seat: NodeSeat,
            sockets: [InletSocket],
            _ run: @escaping @Sendable () async throws -> Void
        ) {
            (self.node, self.seat, self.sockets, self.run) = (node, seat, sockets, run)
        }
    }

    private let nodes: [Seated]
    private let interruption: Interruption
    private let draining: DrainFlag
    private let executor: any TaskExecutor
    private let state = Mutex(State())

    /// - Parameter executor: Where the tasks of those run that can be ended without the others.
    init(_ nodes: [Seated], _ run: RunSettings, on executor: any TaskExecutor = FlowExecutor.shared) {
        self.executor = executor
        (self.nodes, self.interruption, self.draining) = (nodes, run.interruption, run.drain)
        for node in nodes { run.interruption.add(node.seat.bell) }
    }

    /// Has all nodes run, and waits until each has ended.
    func main() async -> GraphResult {
        var results: [Int: NodeResult.Outcome] = [:]
        var first: NodeFailure?
        await withTaskGroup(of: (Int, NodeResult.Outcome).self) { group in
            for (place, node) in self.nodes.enumerated() {
                group.addTask { (place, await self.run(node)) }
            }
            for await (place, outcome) in group {
                results[place] = outcome
                switch outcome {
                case .completed: continue
                case .failed(let failure):
                    first = first ?? failure
                    self.cancel("node '\(failure.node)' has failed")
                case .cancelled(let reason):
                    self.cancel("node '\(self.nodes[place].node.name)' was cancelled: \(reason)")
                }
                group.cancelAll()
            }
        }
        let nodes = self.nodes.enumerated().map { place, node in
            NodeResult(
                node: node.node.name,
                outcome: results[place] ?? .cancelled("it has not begun"),
                counts: NodeCounts(node.seat.counters)
            )
        }
        let isCompleted = nodes.allSatisfy { if case .completed = $0.outcome { true } else { false } }
        let outcome: GraphResult.Outcome =
            if let first { .failed(first) } else if isCompleted { .completed } else {
                .cancelled(self.interruption.reason)
            }
        return GraphResult(outcome: outcome, nodes: nodes)
    }

    private func run(_ node: Seated) async -> NodeResult.Outcome {
        defer { node.seat.counters.end() }
        do {
            if node.node.inlets.isEmpty {
                try await self.feed(node)
            } else {
                try await node.run()
            }
            return .completed
        } catch let failure as NodeFailure {
            return .failed(failure)
        } catch let stopped as SegmentStopped {
            return .cancelled(self.interruption.isSet ? self.interruption.reason : stopped.reason)
        } catch is CancellationError {
            return .cancelled(self.interruption.isSet ? self.interruption.reason : "it has said that it was cancelled")
        } catch {
            return .failed(NodeFailure(node: node.node.name, lineage: nil, error: error))
        }
    }

    /// Runs a node that brings items in, in a task of its own, so that it can be ended without the others.
    private func feed(_ node: Seated) async throws {
        let feeder = self.state.withLock { state in
            let feeder = Task(executorPreference: self.executor) { try await node.run() }
            state.feeders.append(feeder)
            return feeder
        }
        // Whoever drains sets the flag before he looks for feeders.
        if self.draining.isSet { feeder.cancel() }
        try await withTaskCancellationHandler {
            try await feeder.value
        } onCancel: {
            feeder.cancel()
        }
    }

    func drain() {
        self.draining.set()
        for feeder in self.state.withLock({ $0.feeders }) { feeder.cancel() }
    }

    func cancel(_ reason: String) { self.interruption.interrupt(reason) }

    var progress: [NodeProgress] {
        self.nodes.map { node in
            let load = node.sockets.map { $0.load() }
            return NodeProgress(
                node: node.node.name,
                counts: NodeCounts(node.seat.counters),
                depth: load.map(\.count).reduce(0, +),
                capacity: load.map(\.capacity).reduce(0, +),
                busy: node.seat.counters.busy
            )
        }
    }
}

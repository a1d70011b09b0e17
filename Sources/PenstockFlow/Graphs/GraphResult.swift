/// Why a node has failed.
public struct NodeFailure: Error, Sendable, CustomStringConvertible {
    /// The name of the node.
    public let node: String
    /// Which item of the graph's input the one has come from that it failed for; `nil` when it was none's fault.
    public let lineage: Lineage?
    /// What was thrown.
    public let error: any Error

    /// The failure in one line.
    public var description: String {
        let item = self.lineage.map { ", item \($0)" } ?? ""
        return "node '\(self.node)'\(item): \(self.error)"
    }
}

/// How a node has ended, and what it has done.
public struct NodeResult: Sendable, CustomStringConvertible {
    /// How.
    public enum Outcome: Sendable {
        /// It has taken all there was.
        case completed
        /// It has failed.
        case failed(NodeFailure)
        /// Its body has said that it was cancelled, or the run was, because of this.
        case cancelled(String)
    }

    /// The name of the node.
    public let node: String
    /// How it has ended.
    public let outcome: Outcome
    /// What it has done.
    public let counts: NodeCounts

    /// The result in one line.
    public var description: String {
        let outcome =
            switch self.outcome {
            case .completed: "completed"
            case .failed(let failure): "failed: \(failure.error)"
            case .cancelled(let reason): "cancelled: \(reason)"
            }
        return "\(self.node): \(outcome), \(self.counts)"
    }
}

/// How the run of a graph has ended.
public struct GraphResult: Sendable, CustomStringConvertible {
    /// How.
    public enum Outcome: Sendable {
        /// Every node has taken all there was.
        case completed
        /// A node has failed, which is the first that did.
        case failed(NodeFailure)
        /// It was ended before its end, because of this.
        case cancelled(String)
    }

    /// How it has ended.
    public let outcome: Outcome
    /// How each node has ended, in the order of the graph.
    public let nodes: [NodeResult]

    /// The result, a line for the run and one for each node.
    public var description: String {
        let outcome =
            switch self.outcome {
            case .completed: "completed"
            case .failed(let failure): "failed: \(failure)"
            case .cancelled(let reason): "cancelled: \(reason)"
            }
        return ([outcome] + self.nodes.map { "    \($0)" }).joined(separator: "\n")
    }
}

/// A run of a graph has not come to its end.
public struct GraphFailure: Error, Sendable, CustomStringConvertible {
    /// The name of the graph.
    public let graph: String
    /// How the run and each of its nodes have ended.
    public let result: GraphResult

    /// What was first, in one line.
    public var description: String {
        switch result.outcome {
        case .completed: "graph '\(self.graph)' has completed"
        case .failed(let failure): "graph '\(self.graph)' has failed: \(failure)"
        case .cancelled(let reason): "graph '\(self.graph)' was cancelled: \(reason)"
        }
    }
}

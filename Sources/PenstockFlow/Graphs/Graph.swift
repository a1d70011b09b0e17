/// Nodes, and how they are linked: a pipeline in memory whose nodes are tasks.
///
/// ```swift
/// let count = try Graph("count") { (graph, lines: Wire<String>) in
///     let words = graph.add(split, lines)
///     let long = graph.add(isLong, words)
///     let short = graph.add(isShort, words)
///     return graph.join("both", long, short)
/// }
/// for try await pair in count.run(lines) { print(pair) }
/// ```
///
/// Each node is a task of its own, has one bounded link from each node that sends to it, and waits while one that it
/// sends to is full. It can be run any number of times, also at once.
public struct Graph<Input: Sendable, Output: Sendable>: Sendable {
    /// The name of the graph.
    public let name: String

    let plan: GraphPlan

    /// Makes a graph; `body` adds its nodes to the builder, takes what goes into it, and returns what comes out of it.
    ///
    /// - Throws: ``FlowErrors`` with everything that is wrong with it: names that are there twice, and what goes
    ///   nowhere.
    public init(
        _ name: String,
        _ body: (_ graph: GraphBuilder, _ input: Wire<Input>) throws -> Wire<Output>
    ) throws {
        let builder = GraphBuilder(name)
        let output = try body(builder, Wire([PortID(node: GraphPlan.inlet, port: 0)]))
        try self.init(name, builder.plan, output.ports)
    }

    /// Makes a graph out of which nothing comes, since sinks take it all.
    /// - Throws: ``FlowErrors``, as above.
    public init(
        _ name: String,
        _ body: (_ graph: GraphBuilder, _ input: Wire<Input>) throws -> Void
    ) throws where Output == Never {
        let builder = GraphBuilder(name)
        try body(builder, Wire([PortID(node: GraphPlan.inlet, port: 0)]))
        try self.init(name, builder.plan, [])
    }

    /// Makes a graph from data, of the nodes that some groups have.
    ///
    /// - Throws: ``FlowErrors`` with everything that is wrong with the document, each with its path: names that are not
    ///   there or there twice, circles, what goes nowhere or comes from nowhere, types that do not fit, arguments.
    public init(_ document: GraphDocument, of groups: [ProcessorGroup]) throws(FlowErrors) {
        var resolver = DocumentResolver(document, groups, input: Input.self)
        let resolved = try resolver.resolve()
        guard resolved.output == Output.self else {
            let message = "\(resolved.output) comes out of graph '\(document.name)', and not \(Output.self)"
            throw FlowErrors([FlowError(.typeMismatch, "edges: \(message)")])
        }
        try self.init(document.name, resolved.nodes, resolved.outputs)
    }

    init(_ name: String, _ nodes: [PlannedNode], _ outputs: [PortID]) throws(FlowErrors) {
        let plan = GraphPlan(name: name, input: Input.self, output: Output.self, nodes: nodes, outputs: outputs)
        self.init(try plan.settled())
    }

    /// Makes a graph of what was looked through already.
    init(_ plan: GraphPlan) {
        (self.name, self.plan) = (plan.name, plan)
    }

    /// The names of its nodes, in an order in which each comes after those that send to it.
    public var nodes: [String] { self.plan.nodes.map(\.name) }
}

/// Everything that is wrong with a graph.
public struct FlowErrors: Error, Sendable, CustomStringConvertible {
    /// What is wrong, at least one thing.
    public let errors: [FlowError]

    init(_ errors: [FlowError]) {
        self.errors = errors
    }

    /// The messages, a line each.
    public var description: String { self.errors.map(\.message).joined(separator: "\n") }
}

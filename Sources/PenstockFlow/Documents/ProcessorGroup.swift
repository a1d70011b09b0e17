/// Functions without a state that belong together, each a node that graphs may be made of.
///
/// A graph that comes as data is made of what the groups have that it is given, and of nothing else: a name is looked
/// up among those that are declared here, exactly as it is written.
///
/// ```swift
/// let text = ProcessorGroup("text") {
///     Processor("upper") { (line: String) in line.uppercased() }
///     Gather("count", into: 0) { (count: inout Int, _: String) in count += 1 }
/// }
/// ```
public struct ProcessorGroup: Sendable {
    /// The name, which stands before those of its nodes: `text.upper`.
    public let name: String

    /// The nodes, in the order in which they are declared.
    public let nodes: [GroupedNode]

    /// Declares a group.
    /// - Throws: ``FlowErrors`` when two nodes have one name.
    public init(_ name: String, @ProcessorGroupBuilder _ nodes: () -> [GroupedNode]) throws(FlowErrors) {
        (self.name, self.nodes) = (name, nodes())
        let groups = Dictionary(grouping: self.nodes, by: \.name).filter { $0.value.count > 1 }
        guard groups.isEmpty else {
            throw FlowErrors(
                groups.keys.sorted().map { node in
                    FlowError(.duplicateNode, "group '\(name)' has '\(node)' twice: name one of them differently")
                }
            )
        }
    }

    /// Finds a node by its exact name.
    public subscript(name: String) -> GroupedNode? { self.nodes.first { $0.name == name } }
}

/// Lists the nodes of a group.
@resultBuilder
public enum ProcessorGroupBuilder {
    /// A processor that needs no arguments.
    @inlinable
    public static func buildExpression<Input: GraphItem, Output: GraphItem>(
        _ processor: Processor<Input, Output>
    ) -> [GroupedNode] {
        self.buildExpression(Configured(processor.name) { (_: NoArguments) in processor })
    }

    /// A gathering node that needs no arguments.
    @inlinable
    public static func buildExpression<Input: GraphItem, State: Sendable, Output: GraphItem>(
        _ gather: Gather<Input, State, Output>
    ) -> [GroupedNode] {
        self.buildExpression(Configured(gather.name) { (_: NoArguments) in gather })
    }

    /// A source that needs no arguments.
    @inlinable
    public static func buildExpression<Output: GraphItem>(_ source: Source<Output>) -> [GroupedNode] {
        self.buildExpression(Configured(source.name) { (_: NoArguments) in source })
    }

    /// A sink that needs no arguments.
    @inlinable
    public static func buildExpression<Input: GraphItem>(_ sink: Sink<Input>) -> [GroupedNode] {
        self.buildExpression(Configured(sink.name) { (_: NoArguments) in sink })
    }

    /// A node with arguments.
    public static func buildExpression(_ configured: Configured) -> [GroupedNode] { [configured.node] }

    /// All of them.
    public static func buildBlock(_ nodes: [GroupedNode]...) -> [GroupedNode] { nodes.flatMap(\.self) }
}

/// What a node takes that needs no arguments.
@usableFromInline
struct NoArguments: GraphItem {}

// MARK: What a document may say of a node

extension Processor {
    @usableFromInline
    func with(_ options: NodeOptions) -> Processor {
        Processor(
            options.name,
            options.maximumSize ?? self.maximumSize,
            options.workers ?? self.workers,
            options.isOrdered ?? self.isOrdered,
            options.errorPolicy ?? self.errorPolicy,
            self.body
        )
    }
}

extension Gather {
    @inlinable
    func planned(_ input: Wire<Input>, _ options: NodeOptions) -> PlannedNode {
        self.planned(input, name: options.name, maximumSize: options.maximumSize)
    }
}

extension Sink {
    @inlinable
    func planned(_ input: Wire<Input>, _ options: NodeOptions) -> PlannedNode {
        Sink(self.processor.with(options)).planned(input)
    }
}

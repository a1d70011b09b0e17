import Penstock

/// What can pass between the nodes of a graph that is made from data.
public typealias GraphItem = Codable & Sendable

/// A node of a ``ProcessorGroup``: a function without a state, by its name, with the types of what it takes and puts.
public struct GroupedNode: Sendable {
    /// Its name, exactly as a document has to write it.
    public let name: String

    /// What it takes; `nil` for a source.
    public let input: (any GraphItem.Type)?

    /// What it puts; `nil` for a sink.
    public let output: (any GraphItem.Type)?

    /// What its arguments have to be.
    public let arguments: ArgumentSchema

    /// Whether it is a processor, and may be told how many workers it has and what it does about errors.
    let isProcessor: Bool
    let failures: (any GraphItem.Type)?
    let make: @Sendable (JSONValue, NodeOptions, [PortID]) throws -> PlannedNode

    @usableFromInline
    init(
        _ name: String,
        _ input: (any GraphItem.Type)?,
        _ output: (any GraphItem.Type)?,
        failures: (any GraphItem.Type)? = nil,
        arguments: ArgumentSchema,
        _ make: @escaping @Sendable (JSONValue, NodeOptions, [PortID]) throws -> PlannedNode
    ) {
        (self.name, self.input, self.output, self.arguments) = (name, input, output, arguments)
        (self.failures, self.isProcessor, self.make) = (failures, failures != nil, make)
    }
}

/// What a document says of a node beside its arguments; what it does not say is as the group has it.
@usableFromInline
struct NodeOptions: Sendable {
    @usableFromInline
    var name: String
    @usableFromInline
    var maximumSize: Int?
    @usableFromInline
    var workers: Int?
    @usableFromInline
    var isOrdered: Bool?
    @usableFromInline
    var errorPolicy: ErrorPolicy?

    init(name: String) {
        self.name = name
    }
}

/// A node that is made with arguments, which a document gives it.
///
/// ```swift
/// struct Limit: Codable { let most: Int }
///
/// let numbers = ProcessorGroup("numbers") {
///     Configured("limit") { (limit: Limit) in
///         Processor("limit") { (number: Int) in min(number, limit.most) }
///     }
/// }
/// ```
public struct Configured: Sendable {
    let node: GroupedNode

    @usableFromInline
    init(_ node: GroupedNode) {
        self.node = node
    }

    /// Makes a processor with arguments.
    @inlinable
    public init<Arguments: GraphItem, Input: GraphItem, Output: GraphItem>(
        _ name: String,
        _ make: @escaping @Sendable (Arguments) throws -> Processor<Input, Output>
    ) {
        let schema = ArgumentSchema(of: Arguments.self)
        let node = GroupedNode(
            name,
            Input.self,
            Output.self,
            failures: FailedItem<Input>.self,
            arguments: schema
        ) { arguments, options, sources in
            try make(arguments.decode()).with(options).planned(Wire(sources))
        }
        self.init(node)
    }

    /// Makes a gathering node with arguments.
    @inlinable
    public init<Arguments: GraphItem, Input: GraphItem, State: Sendable, Output: GraphItem>(
        _ name: String,
        _ make: @escaping @Sendable (Arguments) throws -> Gather<Input, State, Output>
    ) {
        let schema = ArgumentSchema(of: Arguments.self)
        let node = GroupedNode(name, Input.self, Output.self, arguments: schema) { arguments, options, sources in
            try make(arguments.decode()).planned(Wire(sources), options)
        }
        self.init(node)
    }

    /// Makes a source with arguments.
    @inlinable
    public init<Arguments: GraphItem, Output: GraphItem>(
        _ name: String,
        _ make: @escaping @Sendable (Arguments) throws -> Source<Output>
    ) {
        let schema = ArgumentSchema(of: Arguments.self)
        let node = GroupedNode(name, nil, Output.self, arguments: schema) { arguments, options, _ in
            try make(arguments.decode()).planned(options.name)
        }
        self.init(node)
    }

    /// Makes a sink with arguments.
    @inlinable
    public init<Arguments: GraphItem, Input: GraphItem>(
        _ name: String,
        _ make: @escaping @Sendable (Arguments) throws -> Sink<Input>
    ) {
        let schema = ArgumentSchema(of: Arguments.self)
        let node = GroupedNode(name, Input.self, nil, arguments: schema) { arguments, options, sources in
            try make(arguments.decode()).planned(Wire(sources), options)
        }
        self.init(node)
    }
}

extension JSONValue {
    /// Decodes what the schema has found to be right.
    @usableFromInline
    func decode<Value: Decodable>() throws -> Value {
        try Payload(encoding: self).decode(as: Value.self)
    }
}

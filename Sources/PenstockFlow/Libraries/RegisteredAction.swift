/// An action by its name, with the types of what it takes and puts.
public struct RegisteredAction: Sendable {
    /// Its name, exactly as a segment has to write it.
    public let name: String

    /// What it takes.
    public let input: any Any.Type

    /// What it puts; `Never` when it puts nothing.
    public let output: any Any.Type

    /// What its arguments have to be.
    public let arguments: ArgumentSchema

    /// Makes the action, and puts it before those that come after it.
    let fuse: @Sendable (JSONValue, _ name: String, _ next: any ErasedChain) throws -> any ErasedChain
    /// What takes what it puts, when it is the last.
    let last: @Sendable ([String]) -> any ErasedChain

    /// Registers an action that needs no arguments.
    ///
    /// `make` is called for each segment and each run anew, in the thread of the segment.
    @inlinable
    public init<Made: Action>(_ name: String, _ make: @escaping @Sendable () throws -> Made) {
        self.init(name) { (_: NoArguments) in try make() }
    }

    /// Registers an action with arguments, whose schema is drawn from their type.
    ///
    /// `make` is called for each segment and each run anew, in the thread of the segment.
    @inlinable
    public init<Arguments: GraphItem, Made: Action>(
        _ name: String,
        _ make: @escaping @Sendable (Arguments) throws -> Made
    ) {
        self.init(
            name,
            Made.Input.self,
            Made.Output.self,
            ArgumentSchema(of: Arguments.self),
            fuse: { arguments, name, next in
                let made = try make(try arguments.decode())
                return ActionChain<Made.Input>(try ActionChain<Made.Output>.expect(next), after: made, name)
            },
            last: { ActionChain<Made.Output>(sendingTo: $0) }
        )
    }

    @usableFromInline
    init(
        _ name: String,
        _ input: any Any.Type,
        _ output: any Any.Type,
        _ arguments: ArgumentSchema,
        fuse: @escaping @Sendable (JSONValue, String, any ErasedChain) throws -> any ErasedChain,
        last: @escaping @Sendable ([String]) -> any ErasedChain
    ) {
        (self.name, self.input, self.output, self.arguments) = (name, input, output, arguments)
        (self.fuse, self.last) = (fuse, last)
    }
}

/// An action that a segment is to have, in words that can be sent.
public struct ActionUse: Sendable, Hashable, Codable {
    /// The name of a library, a point, and the name of one of its actions; or `send`.
    public var use: String

    /// What it is told; an object.
    public var arguments: JSONValue?

    /// Asks for an action.
    public init(_ use: String, _ arguments: JSONValue? = nil) {
        (self.use, self.arguments) = (use, arguments)
    }

    /// Asks for what sends to other segments, each of which gets every item.
    public static func send(to targets: String...) -> ActionUse {
        ActionUse("send", .object(["to": .array(targets.map { .string($0) })]))
    }
}

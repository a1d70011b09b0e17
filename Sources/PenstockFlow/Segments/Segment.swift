/// A thread's worth of a pipeline: actions that are fused, and a link from everybody who sends to them.
///
/// ```swift
/// let words = Segment("words", of: String.self) {
///     FlatMap { line, put in for word in line.split(separator: " ") { try put(String(word)) } }
///     Send<String>(to: "count")
/// }
/// ```
public struct Segment: Sendable {
    /// Its name, to which others send.
    public let name: String

    let blueprint: SegmentBlueprint

    /// Makes a segment.
    ///
    /// - Parameters:
    ///   - name: The name, which is there once in a pipeline.
    ///   - type: What it takes.
    ///   - capacity: How many items each link into it holds.
    ///   - actions: Makes the actions, in the thread of the segment, for each run anew. The last one puts nothing.
    @inlinable
    public init<Actions: Action>(
        _ name: String,
        of type: Actions.Input.Type = Actions.Input.self,
        capacity: Int = 1024,
        @ActionBuilder _ actions: @escaping @Sendable () -> Actions
    ) where Actions.Output == Never {
        self.init(
            name,
            SegmentBlueprint { bell, _ in RunnableBody(SegmentBody(name, actions(), capacity: capacity, bell: bell)) }
        )
    }

    /// Makes a segment of actions that its pipeline's libraries have.
    ///
    /// - Parameters:
    ///   - name: The name, which is there once in a pipeline.
    ///   - capacity: How many items each link into it holds; at least one.
    ///   - uses: The actions by name. They are looked up and made in phase a3, and what is wrong with them fails it.
    public init(_ name: String, capacity: Int = 1024, uses: [ActionUse]) {
        self.init(
            name,
            SegmentBlueprint(uses) { bell, catalog in
                try ChainAssembly.chain(uses, catalog).body(name, capacity: capacity, bell: bell)
            }
        )
    }

    @usableFromInline
    init(_ name: String, _ blueprint: SegmentBlueprint) {
        (self.name, self.blueprint) = (name, blueprint)
    }
}

/// How the body of a segment is made.
@usableFromInline
struct SegmentBlueprint: Sendable {
    /// The actions that are looked up by their names; the others are known where they are written.
    let uses: [ActionUse]
    let make: @Sendable (Bell, ActionCatalog) throws -> RunnableBody

    @usableFromInline
    init(_ uses: [ActionUse] = [], _ make: @escaping @Sendable (Bell, ActionCatalog) throws -> RunnableBody) {
        (self.uses, self.make) = (uses, make)
    }
}

/// The actions of a segment and the links to them, of any type, in the hands of the segment's thread.
///
/// It is made of closures where the types are known. A protocol would lead to code for types that nobody knows, which
/// is twenty times as slow.
@usableFromInline
struct RunnableBody {
    /// The names of the actions.
    let names: String
    /// What can be sent to it.
    let offer: Offer
    /// Whether anybody can send to it.
    let isReferenced: () -> Bool
    /// Starts the actions.
    let start: (ActionContext) throws -> Void
    /// Takes items until there are no more, and finishes the actions; tells how many there were, whatever happens.
    let run: (Interruption, _ count: inout Int) throws -> Void

    @inlinable
    init<Actions: Action>(_ body: SegmentBody<Actions>) where Actions.Output == Never {
        self.init(
            names: body.actions.name,
            offer: body.offer,
            isReferenced: { body.isReferenced },
            start: { try body.actions.onStart($0) },
            run: { try body.run($0, &$1) }
        )
    }

    @usableFromInline
    init(
        names: String,
        offer: Offer,
        isReferenced: @escaping () -> Bool,
        start: @escaping (ActionContext) throws -> Void,
        run: @escaping (Interruption, inout Int) throws -> Void
    ) {
        (self.names, self.offer, self.isReferenced) = (names, offer, isReferenced)
        (self.start, self.run) = (start, run)
    }
}

/// The same of known types.
@usableFromInline
final class SegmentBody<Actions: Action> where Actions.Output == Never {
    @usableFromInline
    var actions: Actions
    @usableFromInline
    let door: InletDoor<Actions.Input>
    @usableFromInline
    let bell: Bell
    private let name: String

    @usableFromInline
    init(_ name: String, _ actions: Actions, capacity: Int, bell: Bell) {
        (self.name, self.actions, self.bell) = (name, actions, bell)
        self.door = InletDoor(capacity: capacity, bell: bell)
    }

    @usableFromInline
    var offer: Offer { Offer(segment: self.name, type: Actions.Input.self, door: self.door) }

    @usableFromInline
    var isReferenced: Bool { !self.door.all.isEmpty }

    @inlinable
    func run(_ interruption: Interruption, _ count: inout Int) throws {
        // In hands of its own, so that nobody asks at each item whether somebody else has them.
        var actions = self.actions
        var inlet = Inlet(self.door, bell: self.bell)
        try inlet.serve(interruption) { item in
            count += 1
            try actions.onInput(item) { _ in }
        }
        try actions.onFinish { _ in }
    }
}

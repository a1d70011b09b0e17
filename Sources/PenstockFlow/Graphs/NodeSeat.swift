public import Synchronization

/// What a node has in a run of its graph: who is before it and after it, and what it shares with the others.
@usableFromInline
final class NodeSeat: Sendable {
    /// Where something is sent to, and the link that leads there.
    struct Target: Sendable {
        let name: String
        let link: any Sendable
    }

    @usableFromInline
    let name: String
    /// Where the node's task waits, whatever for.
    @usableFromInline
    let bell: Bell
    @usableFromInline
    let counters = NodeCounters()
    @usableFromInline
    let interruption: Interruption
    /// Whether somebody after it has to know where each item has come from.
    @usableFromInline
    let isJoined: Bool
    /// Whether somebody after it waits for each of its items, and has to hear of those that are dropped.
    @usableFromInline
    let tellsOfDropped: Bool
    @usableFromInline
    let context: NodeContext
    /// Which of its inlets have several sources, so that word of an item that was dropped on one of them means nothing.
    private let merges: [Bool]
    @usableFromInline
    let drain: DrainFlag
    private let doors: [any Sendable]
    private let targets: [[Target]]

    init(_ node: PlannedNode, bell: Bell, doors: [any Sendable], targets: [[Target]], _ run: RunSettings) {
        (self.name, self.bell, self.doors, self.targets) = (node.name, bell, doors, targets)
        (self.interruption, self.drain) = (run.interruption, run.drain)
        (self.isJoined, self.tellsOfDropped) = (node.isJoined, node.tellsOfDropped)
        self.merges = node.inlets.map { $0.sources.count > 1 }
        self.context = NodeContext(node: node.name, shared: run.shared, counters: self.counters)
    }

    func targets(of port: Int) -> [Target] { self.targets[port] }

    /// Whether what came in is nothing to anybody: word of an item that may come another way.
    @inlinable
    func passesOver<Item: Sendable>(_ envelope: Envelope<Item>, at inlet: Int = 0) -> Bool {
        envelope.item == nil && self.isMerged(inlet)
    }

    @usableFromInline
    func isMerged(_ inlet: Int) -> Bool { self.merges[inlet] }

    /// Suspends the node's task until `condition` holds or the run is interrupted.
    @usableFromInline
    func suspend(until condition: () -> Bool) async {
        await self.counters.wait {
            await self.bell.suspend { self.interruption.isSet || condition() }
        }
    }

    /// - Throws: when a node that brings items in is to bring no more.
    @inlinable
    func checkFeeding() throws {
        if self.interruption.isSet { throw self.interruption.stop }
        if self.drain.isSet { throw Drained() }
    }

    /// Whether an error means that a node has stopped because it was told to.
    @usableFromInline
    func hasDrained(_ error: any Error) -> Bool {
        error is Drained || (error is CancellationError && self.drain.isSet && !self.interruption.isSet)
    }

    /// Says whose fault an error is, and which item's.
    @usableFromInline
    func failure(_ error: any Error, _ lineage: Lineage? = nil) -> any Error {
        if error is SegmentStopped || error is CancellationError || error is NodeFailure { return error }
        return NodeFailure(node: self.name, lineage: lineage, error: error)
    }

    /// The links into one of the node's inlets.
    @usableFromInline
    func inlet<Item: Sendable>(_ place: Int, of type: Item.Type) -> Inlet<Envelope<Item>> {
        guard let door = self.doors[place] as? InletDoor<Envelope<Item>> else {
            preconditionFailure("inlet \(place) of node '\(self.name)' is not for \(type)")
        }
        return Inlet(door, bell: self.bell)
    }
}

/// What all nodes of a run share.
struct RunSettings: Sendable {
    let interruption = Interruption()
    let drain = DrainFlag()
    let shared: (any Sendable)?
}

/// Whether those that bring items in are to stop.
@usableFromInline
final class DrainFlag: Sendable {
    @usableFromInline
    let flag = Atomic(false)

    init() {}

    @inlinable
    var isSet: Bool { self.flag.load(ordering: .relaxed) }
    func set() { self.flag.store(true, ordering: .relaxed) }
}

/// What is thrown in those that bring items in, when they are to stop.
@usableFromInline
struct Drained: Error {
    @usableFromInline
    init() {}
}

/// What the body of a processor can ask about where it is.
public struct NodeContext: Sendable {
    /// The name of the node.
    public let node: String

    let shared: (any Sendable)?

    /// Where a body of this module counts the time for which it has waited for what comes from outside.
    let counters: NodeCounters

    /// Returns what the run shares with all nodes: their state and environment.
    ///
    /// - Throws: ``FlowError`` when the run was given nothing of that type.
    public func shared<Value: Sendable>(as type: Value.Type = Value.self) throws(FlowError) -> Value {
        guard let value = self.shared as? Value else {
            let given = self.shared.map { "\(Swift.type(of: $0))" } ?? "nothing"
            throw FlowError(
                .notShared,
                "node '\(self.node)' asks for \(type), and the run shares \(given): pass one to run(_:sharing:)"
            )
        }
        return value
    }
}

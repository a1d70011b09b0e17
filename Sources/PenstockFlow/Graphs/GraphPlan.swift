/// One of the outlets of a node: 0 for what it puts, 1 for items that have failed.
@usableFromInline
struct PortID: Hashable, Sendable {
    /// The place of the node in its plan; ``GraphPlan/inlet`` for the inlet of the graph.
    let node: Int
    let port: Int
}

/// A node of a graph, of any type.
///
/// It is made of closures where the types are known. A protocol would lead to code for types that nobody knows, which
/// is twenty times as slow.
@usableFromInline
struct PlannedNode: Sendable {
    var name: String
    let kind: NodeKind
    var inlets: [PlannedInlet]
    /// The type of what comes out of each port; `nil` for a port that nothing comes out of.
    let outputs: [(any Any.Type)?]
    let run: @Sendable (NodeSeat) async throws -> Void
    /// The same with links in a store.
    let runDurably: @Sendable (DurableSeat) async throws -> Void
    /// Whether a join comes after it, which has to know where each item has come from.
    var isJoined = false
    /// Whether a join comes after it that waits for each of its items, and has to hear of those that are dropped.
    var tellsOfDropped = false

    @usableFromInline
    init(
        _ name: String,
        _ kind: NodeKind,
        inlets: [PlannedInlet],
        outputs: [(any Any.Type)?],
        run: @escaping @Sendable (NodeSeat) async throws -> Void,
        runDurably: @escaping @Sendable (DurableSeat) async throws -> Void
    ) {
        (self.name, self.kind, self.inlets, self.outputs) = (name, kind, inlets, outputs)
        (self.run, self.runDurably) = (run, runDurably)
    }
}

/// What a node is, in a word.
@usableFromInline
enum NodeKind: String, Sendable, Codable {
    case source, processor, gather, join, sink
}

/// An inlet of a node, and who sends to it.
@usableFromInline
struct PlannedInlet: Sendable {
    let type: any Any.Type
    var sources: [PortID]
    let make: @Sendable (Bell) -> InletSocket

    @inlinable
    init<Item: Sendable>(of type: Item.Type, from sources: [PortID], maximumSize: Int) {
        self.init(type, sources) { bell in
            InletSocket(InletDoor<Envelope<Item>>(capacity: maximumSize, bell: bell))
        }
    }

    @usableFromInline
    init(_ type: any Any.Type, _ sources: [PortID], _ make: @escaping @Sendable (Bell) -> InletSocket) {
        (self.type, self.sources, self.make) = (type, sources, make)
    }
}

/// An inlet in a run, of any type.
@usableFromInline
struct InletSocket: Sendable {
    let door: any Sendable
    /// Makes a link for one producer, by its name, which waits for room at its bell.
    let link: @Sendable (String, Bell) -> any Sendable
    /// How many items wait in the links, and how many they hold.
    let load: @Sendable () -> (count: Int, capacity: Int)

    @usableFromInline
    init<Item: Sendable>(_ door: InletDoor<Item>) {
        self.door = door
        self.link = { door.link(from: $0, bell: $1) }
        self.load = { door.load }
    }
}

/// The nodes of a graph, and how they are linked: what has to hold before anything flows.
struct GraphPlan: Sendable {
    /// Where the inlet of the graph would be among its nodes.
    static let inlet = -1

    let name: String
    /// What goes into the graph, and what comes out of it; `Never` when nothing does.
    let input: any Any.Type
    let output: any Any.Type
    /// In an order in which each comes after those that send to it.
    var nodes: [PlannedNode]
    /// What comes out of the graph.
    let outputs: [PortID]

    /// Everything that is wrong with it.
    var problems: [FlowError] {
        var used: Set<PortID> = Set(self.outputs)
        for node in self.nodes { for inlet in node.inlets { used.formUnion(inlet.sources) } }
        var problems: [FlowError] = []
        let names = Dictionary(grouping: self.nodes, by: \.name)
        for (name, nodes) in names.sorted(by: { $0.key < $1.key }) where nodes.count > 1 {
            let message = "\(nodes.count) nodes of graph '\(self.name)' are named '\(name)': name them differently"
            problems.append(FlowError(.duplicateNode, message))
        }
        if self.input != Never.self, !used.contains(PortID(node: Self.inlet, port: 0)) {
            problems.append(
                FlowError(.unusedOutput, "nothing takes what goes into graph '\(self.name)': use its inlet")
            )
        }
        for (place, node) in self.nodes.enumerated() {
            for (port, type) in node.outputs.enumerated() {
                guard let type, !used.contains(PortID(node: place, port: port)) else { continue }
                let what = port == 0 ? "what node '\(node.name)' puts, \(type)," : "the failed items of '\(node.name)'"
                let remedy = port == 0 ? "send it on, return it, or let a sink take it" : "send them on, or drop them"
                problems.append(FlowError(.unusedOutput, "\(what) goes nowhere: \(remedy)"))
            }
        }
        return problems
    }

    /// The plan, ready to be run.
    /// - Throws: everything that is wrong with it.
    func settled() throws(FlowErrors) -> GraphPlan {
        let problems = self.problems
        guard problems.isEmpty else { throw FlowErrors(problems) }
        var plan = self
        plan.settle()
        return plan
    }

    /// Tells the nodes before each join of it.
    ///
    /// Where several wires are merged, an item that was dropped on one of them may come on another, so nobody after
    /// that can wait for what was dropped before.
    private mutating func settle() {
        for place in self.nodes.indices.reversed() {
            let node = self.nodes[place]
            let isJoined = node.kind == .join || (node.isJoined && node.kind != .gather)
            let tells = node.kind == .join || (node.tellsOfDropped && node.kind != .gather)
            for inlet in node.inlets {
                for source in inlet.sources where source.node != Self.inlet {
                    if isJoined { self.nodes[source.node].isJoined = true }
                    if tells, inlet.sources.count == 1 { self.nodes[source.node].tellsOfDropped = true }
                }
            }
        }
    }
}

extension [PlannedNode] {
    /// The nodes from which something comes to a port, the inlet of the graph included.
    func ancestors(of ports: [PortID]) -> Set<Int> {
        var (found, open) = (Set<Int>(), ports.map(\.node))
        while let place = open.popLast() {
            guard found.insert(place).inserted, place != GraphPlan.inlet else { continue }
            for inlet in self[place].inlets { open += inlet.sources.map(\.node) }
        }
        return found
    }
}

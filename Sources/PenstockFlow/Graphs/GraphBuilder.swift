/// What comes out of a node, or goes into a graph: it can be taken by any number of nodes, each of which gets it all.
public struct Wire<Item: Sendable>: Sendable {
    @usableFromInline
    let ports: [PortID]

    @usableFromInline
    init(_ ports: [PortID]) {
        self.ports = ports
    }

    /// The items of this wire and of others of its type as they come, in no order between them.
    public func merged(with others: Wire<Item>...) -> Wire<Item> {
        Wire(self.ports + others.flatMap(\.ports))
    }
}

/// Makes the nodes of a graph, each of which takes what comes out of others.
///
/// What a node takes has to be there before it, so there are no circles, and what does not fit does not compile.
public final class GraphBuilder {
    let name: String
    @usableFromInline
    private(set) var plan: [PlannedNode] = []

    init(_ name: String) {
        self.name = name
    }

    @usableFromInline
    func add(_ node: PlannedNode) -> Int {
        self.plan.append(node)
        return self.plan.count - 1
    }

    @usableFromInline
    func wire<Item: Sendable>(_ node: Int, port: Int = 0, of type: Item.Type) -> Wire<Item> {
        Wire([PortID(node: node, port: port)])
    }

    /// Adds a source.
    @inlinable
    public func add<Output: Sendable>(_ source: Source<Output>) -> Wire<Output> {
        self.wire(self.add(source.planned(source.name)), of: Output.self)
    }

    /// Adds a processor that takes what comes out of `input`.
    ///
    /// Its error policy is not `route`: for that there is ``addCatching(_:_:)``.
    @inlinable
    public func add<Input: Sendable, Output: Sendable>(
        _ processor: Processor<Input, Output>,
        _ input: Wire<Input>
    ) -> Wire<Output> {
        self.wire(self.add(processor.planned(input)), of: Output.self)
    }

    /// Adds a processor, and takes the items for which it throws.
    ///
    /// Its error policy is to `route`, whatever it was made with.
    @inlinable
    public func addCatching<Input: Sendable, Output: Sendable>(
        _ processor: Processor<Input, Output>,
        _ input: Wire<Input>
    ) -> (output: Wire<Output>, failures: Wire<FailedItem<Input>>) {
        let node = self.add(processor.routing.planned(input))
        return (self.wire(node, of: Output.self), self.wire(node, port: 1, of: FailedItem<Input>.self))
    }

    /// Adds a gathering node that takes what comes out of `input`.
    @inlinable
    public func add<Input: Sendable, State: Sendable, Output: Sendable>(
        _ gather: Gather<Input, State, Output>,
        _ input: Wire<Input>
    ) -> Wire<Output> {
        self.wire(self.add(gather.planned(input, name: gather.name)), of: Output.self)
    }

    /// Adds a sink that takes what comes out of `input`.
    @inlinable
    public func add<Input: Sendable>(_ sink: Sink<Input>, _ input: Wire<Input>) {
        _ = self.add(sink.planned(input))
    }

    /// Adds a node that puts the items of two wires that belong together.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - first: The one wire.
    ///   - second: The other.
    ///   - rule: Which items belong together: those that have come from one item, if nothing else is said.
    ///   - unpaired: What is done about items of which the other never comes.
    ///   - maximumSize: How many items each link into it holds, and how many of each stream are kept at most while
    ///     their others have not come. Where both streams come from one node, none is kept waiting: they cannot run
    ///     further ahead of each other than the links between them hold.
    @inlinable
    public func join<First: Sendable, Second: Sendable>(
        _ name: String,
        _ first: Wire<First>,
        _ second: Wire<Second>,
        by rule: JoinRule<First, Second> = .key,
        unpaired: UnpairedPolicy = .fail,
        maximumSize: Int = 1024
    ) -> Wire<Joined<First, Second>> {
        let join = JoinNode(rule, unpaired, maximumSize: maximumSize, first.ports, second.ports, among: self.plan)
        let node = join.planned(name, first.ports, second.ports)
        return self.wire(self.add(node), of: Joined<First, Second>.self)
    }

    /// Adds all nodes of another graph, whose names get its name before theirs.
    public func add<Input: Sendable, Output: Sendable>(
        _ graph: Graph<Input, Output>,
        _ input: Wire<Input>
    ) -> Wire<Output> {
        let first = self.plan.count
        func moved(_ ports: [PortID]) -> [PortID] {
            ports.flatMap { port in
                port.node == GraphPlan.inlet ? input.ports : [PortID(node: first + port.node, port: port.port)]
            }
        }
        for var node in graph.plan.nodes {
            node.name = "\(graph.name)/\(node.name)"
            for place in node.inlets.indices { node.inlets[place].sources = moved(node.inlets[place].sources) }
            _ = self.add(node)
        }
        return Wire(moved(graph.plan.outputs))
    }
}

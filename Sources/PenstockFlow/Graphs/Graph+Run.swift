extension Graph {
    /// Starts a run over a sequence of items.
    ///
    /// - Parameters:
    ///   - input: What goes into the graph, in order, as fast as there is room for it.
    ///   - shared: What all nodes share, see ``NodeContext/shared(as:)``.
    /// - Returns: what comes out, as a sequence.
    @inlinable
    public func run<Items: Sequence<Input> & Sendable>(
        _ input: Items,
        sharing shared: (any Sendable)? = nil
    ) -> GraphRun<Output> {
        self.start(Source("input", over: input), shared)
    }

    /// Starts a run over items that come in the course of time; an error of theirs fails the run.
    ///
    /// The parameters are those of the other form.
    @inlinable
    public func run<Items: AsyncSequence & Sendable>(
        _ input: Items,
        sharing shared: (any Sendable)? = nil
    ) -> GraphRun<Output> where Items.Element == Input {
        self.start(
            Source("input", of: Input.self) { put in for try await item in input { try await put(item) } },
            shared
        )
    }

    /// Starts a run of a graph that has sources of its own, and takes nothing.
    @inlinable
    public func run(sharing shared: (any Sendable)? = nil) -> GraphRun<Output> where Input == Never {
        self.run(EmptyCollection(), sharing: shared)
    }

    @inlinable
    func start(_ input: Source<Input>, _ shared: (any Sendable)?) -> GraphRun<Output> {
        self.start(
            input.planned(input.name),
            shared
        )
    }

    /// Makes the links, all of them before anybody runs.
    @usableFromInline
    func start(_ input: PlannedNode, _ shared: (any Sendable)?) -> GraphRun<Output> {
        let run = RunSettings(shared: shared)
        let nodes = [input] + self.plan.nodes
        let bells = nodes.map { _ in Bell() }
        let sockets = zip(nodes, bells).map { node, bell in node.inlets.map { $0.make(bell) } }
        var targets = nodes.map { [[NodeSeat.Target]](repeating: [], count: max($0.outputs.count, 2)) }
        func connect(_ source: PortID, to name: String, _ socket: InletSocket) {
            let place = source.node - GraphPlan.inlet
            let link = socket.link(nodes[place].name, bells[place])
            targets[place][source.port].append(NodeSeat.Target(name: name, link: link))
        }
        for (node, sockets) in zip(nodes, sockets) {
            for (inlet, socket) in zip(node.inlets, sockets) {
                for source in inlet.sources { connect(source, to: node.name, socket) }
            }
        }
        let reader = PlannedNode("the reader", .sink, inlets: [], outputs: []) { _ in
        } runDurably: { _ in
        }
        let readerBell = Bell()
        let outlet = InletDoor<Envelope<Output>>(capacity: 1024, bell: readerBell)
        for port in self.plan.outputs { connect(port, to: reader.name, InletSocket(outlet)) }
        let seated = nodes.enumerated().map { place, node in
            let doors = sockets[place].map(\.door)
            let seat = NodeSeat(node, bell: bells[place], doors: doors, targets: targets[place], run)
            return RunControl.Seated(node: node, seat: seat, sockets: sockets[place]) { try await node.run(seat) }
        }
        run.interruption.add(readerBell)
        let readerSeat = NodeSeat(reader, bell: readerBell, doors: [], targets: [], run)
        return GraphRun(self.name, RunControl(seated, run), outlet, readerSeat)
    }
}

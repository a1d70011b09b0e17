// What each kind of node is among the nodes of a graph.
//
// All of it can be inlined where a graph is made, so that a node's loop is compiled for the types that pass through it.

extension Source {
    @inlinable
    func planned(_ name: String) -> PlannedNode {
        PlannedNode(name, .source, inlets: [], outputs: [Output.self]) { (seat: NodeSeat) in
            try await self.run(seat)
        } runDurably: { (seat: DurableSeat) in
            try await self.run(seat)
        }
    }
}

extension Processor {
    @inlinable
    func planned(_ input: Wire<Input>) -> PlannedNode {
        let inlet = PlannedInlet(of: Input.self, from: input.ports, maximumSize: self.maximumSize)
        let failures: (any Any.Type)? = self.errorPolicy == .route ? FailedItem<Input>.self : nil
        return PlannedNode(self.name, .processor, inlets: [inlet], outputs: [Output.self, failures]) {
            (seat: NodeSeat) in
            try await self.run(seat)
        } runDurably: { (seat: DurableSeat) in
            try await self.run(seat)
        }
    }

    /// The same with another policy.
    @usableFromInline
    var routing: Processor {
        Processor(self.name, self.maximumSize, self.workers, self.isOrdered, .route, self.body)
    }
}

extension Gather {
    @inlinable
    func planned(_ input: Wire<Input>, name: String, maximumSize: Int? = nil) -> PlannedNode {
        let size = maximumSize ?? self.maximumSize
        let inlet = PlannedInlet(of: Input.self, from: input.ports, maximumSize: size)
        return PlannedNode(name, .gather, inlets: [inlet], outputs: [Output.self]) { (seat: NodeSeat) in
            try await self.run(seat)
        } runDurably: { (seat: DurableSeat) in
            try await self.run(seat)
        }
    }
}

extension Sink {
    @usableFromInline
    init(_ processor: Processor<Input, Never>) {
        self.processor = processor
    }

    @inlinable
    func planned(_ input: Wire<Input>) -> PlannedNode {
        let inlet = PlannedInlet(of: Input.self, from: input.ports, maximumSize: self.processor.maximumSize)
        return PlannedNode(self.name, .sink, inlets: [inlet], outputs: [nil]) { (seat: NodeSeat) in
            try await self.processor.run(seat)
        } runDurably: { (seat: DurableSeat) in
            try await self.processor.run(seat)
        }
    }
}

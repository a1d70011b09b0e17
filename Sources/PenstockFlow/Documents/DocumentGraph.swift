public import Penstock

/// A graph from data of which nobody knows the types beforehand: its items go in and come out as JSON.
///
/// ```swift
/// let graph = try GraphDocument(json: payload).resolve(with: [text])
/// for try await item in graph.run([Payload(encoding: "one")]) { print(item.text) }
/// ```
///
/// What goes into it is what the nodes take that it is sent to, which have to agree. A run has two nodes that the
/// document has not: `input` reads the items, and `output` writes them.
public struct DocumentGraph: Sendable {
    /// The name of the graph.
    public let name: String

    /// What goes into it; `nil` when nothing does.
    public let input: (any GraphItem.Type)?

    /// What comes out of it; `nil` when nothing does.
    public let output: (any GraphItem.Type)?

    /// The nodes of the document, and nothing else.
    let plan: GraphPlan

    /// The same with a node at its end that writes what comes out of it.
    private let written: Graph<Never, Payload>

    init(_ document: GraphDocument, _ groups: [ProcessorGroup]) throws(FlowErrors) {
        var resolver = DocumentResolver(document, groups, input: nil)
        let resolved = try resolver.resolve()
        let (input, output) = (resolved.input, resolved.output)
        let plan = GraphPlan(
            name: document.name,
            input: input,
            output: output,
            nodes: resolved.nodes,
            outputs: resolved.outputs
        )
        self.plan = try plan.settled()
        self.name = document.name
        // `Never` is an item as far as the compiler is concerned.
        self.input = input == Never.self ? nil : input as? any GraphItem.Type
        self.output = resolved.outputs.isEmpty ? nil : output as? any GraphItem.Type
        var (nodes, outputs) = (resolved.nodes, resolved.outputs)
        if let output = self.output {
            nodes.append(Self.writer(of: output, outputs))
            outputs = [PortID(node: nodes.count - 1, port: 0)]
        }
        let written = GraphPlan(name: plan.name, input: input, output: Payload.self, nodes: nodes, outputs: outputs)
        self.written = Graph(try written.settled())
    }

    private static func writer<Output: GraphItem>(of type: Output.Type, _ sources: [PortID]) -> PlannedNode {
        Processor<Output, Payload>("output") { item in try Payload(encoding: item) }.planned(Wire(sources))
    }

    /// The graph in the language of Graphviz.
    public var dot: String { GraphDrawing(self.plan).dot }

    /// The graph in the language of Mermaid, which many pages draw.
    public var mermaid: String { GraphDrawing(self.plan).mermaid }
}

extension GraphDocument {
    /// Makes a graph of the nodes that some groups have, whatever their types are.
    ///
    /// - Throws: ``FlowErrors`` with everything that is wrong with the document, each with its path.
    public func resolve(with groups: [ProcessorGroup]) throws(FlowErrors) -> DocumentGraph {
        try DocumentGraph(self, groups)
    }
}

// MARK: Runs

extension DocumentGraph {
    /// Starts a run over a sequence of items.
    ///
    /// An item that is not of the type that goes into the graph fails the run, which names its number, counted from 0
    /// as items are everywhere, and the reason.
    ///
    /// - Parameters:
    ///   - input: What goes into the graph, in order, as fast as there is room for it; nothing of it is taken when
    ///     nothing goes into the graph.
    ///   - shared: What all nodes share, see ``NodeContext/shared(as:)``.
    /// - Returns: what comes out, as a sequence of JSON.
    public func run<Items: Sequence<Payload> & Sendable>(
        _ input: Items,
        sharing shared: (any Sendable)? = nil
    ) -> GraphRun<Payload> {
        guard let type = self.input else { return self.run(sharing: shared) }
        return self.written.start(Self.reader(of: type, from: input), shared)
    }

    /// Starts a run over items that come in the course of time; an error of theirs fails the run.
    ///
    /// The parameters are those of the other form.
    public func run<Items: AsyncSequence & Sendable>(
        _ input: Items,
        sharing shared: (any Sendable)? = nil
    ) -> GraphRun<Payload> where Items.Element == Payload {
        guard let type = self.input else { return self.run(sharing: shared) }
        return self.written.start(Self.reader(of: type, from: input), shared)
    }

    /// Starts a run into which nothing goes, for a graph that has sources of its own.
    public func run(sharing shared: (any Sendable)? = nil) -> GraphRun<Payload> {
        self.written.start(Source<Never>("input") { _ in }.planned("input"), shared)
    }

    // The type of the items is opened here, once for a run, and not for each of them.
    private static func reader<Items: Sequence<Payload> & Sendable, Input: GraphItem>(
        of type: Input.Type,
        from items: Items
    ) -> PlannedNode {
        let source = Source("input", of: Input.self) { put in
            for (number, item) in items.enumerated() { try await put(Self.read(item, number)) }
        }
        return source.planned(source.name)
    }

    private static func reader<Items: AsyncSequence & Sendable, Input: GraphItem>(
        of type: Input.Type,
        from items: Items
    ) -> PlannedNode where Items.Element == Payload {
        let source = Source("input", of: Input.self) { (context: NodeContext, put) in
            var (iterator, number) = (items.makeAsyncIterator(), 0)
            while true {
                let next: Payload?
                do {
                    // Who waits for somebody outside does no work.
                    let start = context.counters.beginWaiting()
                    defer { context.counters.endWaiting(since: start) }
                    next = try await iterator.next(isolation: #isolation)
                }
                guard let item = next else { return }
                try await put(Self.read(item, number))
                number += 1
            }
        }
        return source.planned(source.name)
    }

    private static func read<Input: GraphItem>(_ item: Payload, _ number: Int) throws -> Input {
        do {
            return try item.decode(as: Input.self)
        } catch {
            let cause = (error.cause as? DecodingError)?.words(below: "item") ?? error.message
            let refused = FlowError(.badItem, "this is no \(Input.self): mend it, or leave it out (\(cause))")
            throw NodeFailure(node: "input", lineage: Lineage(number), error: refused)
        }
    }
}

// MARK: What it is made of

extension DocumentGraph {
    /// A node of a graph, for people.
    public struct Node: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// What it is: `source`, `processor`, `gather`, `join` or `sink`.
        public let kind: String
        /// The type of what it takes, for each of its inlets.
        public let inputs: [String]
        /// The type of what it puts; `nil` for a sink.
        public let output: String?
        /// The nodes that send to it, or `input`.
        public let sources: [String]
    }

    /// The nodes, in an order in which each comes after those that send to it.
    public var nodes: [Node] {
        self.plan.nodes.map { node in
            Node(
                name: node.name,
                kind: node.kind.rawValue,
                inputs: node.inlets.map { "\($0.type)" },
                output: node.outputs.first.flatMap { $0 }.map { "\($0)" },
                sources: self.names(of: node.inlets.flatMap(\.sources))
            )
        }
    }

    /// The nodes out of which comes what comes out of the graph.
    public var outputs: [String] { self.names(of: self.plan.outputs) }

    private func names(of ports: [PortID]) -> [String] {
        ports.map { port in
            guard port.node != GraphPlan.inlet else { return "input" }
            return self.plan.nodes[port.node].name + (port.port == 0 ? "" : " (failures)")
        }
    }
}

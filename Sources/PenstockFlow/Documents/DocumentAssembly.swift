/// The nodes of a document, as they are made one after the other.
struct DocumentAssembly {
    /// What comes out of a node, or goes into the graph.
    private struct Port {
        let id: PortID
        let type: any Any.Type
        /// The same, when it can be joined.
        let item: (any GraphItem.Type)?
    }

    private let document: GraphDocument
    /// The edge from which it is known what goes into the graph, when nobody has said so.
    private let telling: Int?
    private var ports: [String: Port] = [:]
    private var failures: [String: Port] = [:]
    /// The nodes whose output cannot be told, because something is wrong with them.
    private var broken: Set<String> = []
    private(set) var resolved = DocumentResolver.Resolved()
    private(set) var problems: [FlowError] = []

    init(_ document: GraphDocument, input: any Any.Type, telling: Int?) {
        (self.document, self.telling) = (document, telling)
        self.resolved.input = input
        let id = PortID(node: GraphPlan.inlet, port: 0)
        self.ports["input"] = Port(id: id, type: input, item: input as? any GraphItem.Type)
    }

    /// Whether everything is made from which these edges lead.
    func hasAll(_ edges: [Int]) -> Bool {
        edges.allSatisfy { edge in
            let name = self.document.edges[edge].from
            return self.ports[name] != nil || self.broken.contains(name) || self.failures[name] != nil
        }
    }

    private func port(_ edge: Int) -> Port? {
        let edge = self.document.edges[edge]
        return edge.outlet == nil ? self.ports[edge.from] : self.failures[edge.from]
    }

    /// Makes a node of a group.
    mutating func make(_ grouped: GroupedNode, _ node: GraphDocument.Node, _ path: String, _ incoming: [Int]) {
        var options = NodeOptions(name: node.name)
        // What is below 1 was told of, and would stop the program.
        options.maximumSize = node.maximumSize.map { max(1, $0) }
        options.workers = node.workers.map { max(1, $0) }
        options.isOrdered = node.ordered
        options.errorPolicy = node.onError.flatMap(ErrorPolicy.init(rawValue:))
        self.check(options, grouped, path)
        var isSound = true
        for edge in incoming {
            guard let port = self.port(edge) else { continue }
            guard let input = grouped.input, port.type != input else { continue }
            isSound = false
            let from = self.document.edges[edge].from
            let how = from == "input" ? self.telling.map { ", as edges[\($0)] has it" } ?? "" : ""
            let message = "edges[\(edge)]: '\(from)' puts \(port.type)\(how), and '\(node.name)' takes \(input)"
            self.tell(.typeMismatch, message)
        }
        let sources = incoming.compactMap { self.port($0)?.id }
        let arguments = node.arguments ?? .object([:])
        if isSound, grouped.arguments.problems(of: arguments, at: "").isEmpty, sources.count == incoming.count {
            do {
                self.resolved.nodes.append(try grouped.make(arguments, options, sources))
            } catch {
                self.tell(.badArgument, "\(path).arguments: \(error)")
            }
        }
        let place = self.resolved.nodes.count - 1
        // What it puts is known, whatever is wrong with what it takes.
        if let output = grouped.output {
            self.ports[node.name] = Port(id: PortID(node: place, port: 0), type: output, item: output)
        }
        if let failed = grouped.failures {
            self.failures[node.name] = Port(id: PortID(node: place, port: 1), type: failed, item: failed)
        }
    }

    private mutating func check(_ options: NodeOptions, _ grouped: GroupedNode, _ path: String) {
        guard !grouped.isProcessor else { return }
        for (name, isThere) in [
            ("workers", options.workers != nil), ("ordered", options.isOrdered != nil),
            ("onError", options.errorPolicy != nil),
        ] where isThere {
            self.tell(.badArgument, "\(path).\(name): '\(grouped.name)' is no processor: leave it out")
        }
    }

    /// Makes a join.
    mutating func make(_ join: DocumentJoin, _ node: GraphDocument.Node, _ path: String, _ incoming: [[Int]]) {
        var sides: [(any GraphItem.Type)?] = []
        for edges in incoming {
            let types = edges.compactMap { self.port($0)?.type }
            if let first = types.first, let other = types.first(where: { $0 != first }) {
                self.tell(.typeMismatch, "\(path): the same inlet gets \(first) and \(other)")
            }
            sides.append(edges.compactMap { self.port($0)?.item }.first)
        }
        guard let first = sides[0], let second = sides[1] else {
            self.broken.insert(node.name)
            return
        }
        let sources = incoming.map { $0.compactMap { self.port($0)?.id } }
        let (planned, type) = join.planned(node.name, first, second, sources, among: self.resolved.nodes)
        self.resolved.nodes.append(planned)
        let id = PortID(node: self.resolved.nodes.count - 1, port: 0)
        self.ports[node.name] = Port(id: id, type: type, item: type)
    }

    /// Collects what comes out of the graph.
    mutating func collectOutputs(_ edges: [Int]) {
        for place in edges where self.document.edges[place].to == "output" {
            guard let port = self.port(place) else { continue }
            if self.resolved.outputs.isEmpty {
                self.resolved.output = port.type
            } else if port.type != self.resolved.output {
                let message = "edges[\(place)]: \(port.type) comes out here, and \(self.resolved.output) elsewhere"
                self.tell(.typeMismatch, message)
            }
            self.resolved.outputs.append(port.id)
        }
    }

    private mutating func tell(_ code: FlowError.Code, _ message: String) {
        self.problems.append(FlowError(code, message))
    }
}

/// A join of a document, before the types of its streams are known.
struct DocumentJoin {
    private let isByOrder: Bool
    private let unpaired: UnpairedPolicy
    private let maximumSize: Int

    init?(rule: String, unpaired: String, _ maximumSize: Int?) {
        guard rule == "key" || rule == "order" else { return nil }
        self.isByOrder = rule == "order"
        self.unpaired = UnpairedPolicy(rawValue: unpaired) ?? .fail
        self.maximumSize = max(1, maximumSize ?? 1024)
    }

    func planned<First: GraphItem, Second: GraphItem>(
        _ name: String,
        _ first: First.Type,
        _ second: Second.Type,
        _ sources: [[PortID]],
        among nodes: [PlannedNode]
    ) -> (PlannedNode, any GraphItem.Type) {
        let rule: JoinRule<First, Second> = self.isByOrder ? .order : .key
        let join = JoinNode(rule, self.unpaired, maximumSize: self.maximumSize, sources[0], sources[1], among: nodes)
        return (join.planned(name, sources[0], sources[1]), Joined<First, Second>.self)
    }
}

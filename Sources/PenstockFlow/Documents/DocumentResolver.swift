/// Makes the nodes of a graph from a document, or says everything that is wrong with it.
struct DocumentResolver {
    /// A node of the document, and what the groups have for it.
    private struct Entry {
        let path: String
        let node: GraphDocument.Node
        let kind: Kind
        /// Which edges lead to it, to each of its inlets.
        var incoming: [[Int]]
    }

    private enum Kind {
        case grouped(GroupedNode)
        case join(DocumentJoin)
    }

    private let document: GraphDocument
    private let groups: [String: ProcessorGroup]
    /// What goes into the graph, `Never` when nothing does; `nil` as long as nobody has said so.
    private var input: (any Any.Type)?
    /// The edge that has said what goes into the graph.
    private var telling: Int?
    private var entries: [Entry] = []
    private var places: [String: Int] = [:]
    private(set) var problems: [FlowError] = []
    /// The edges that lead from somewhere to somewhere; the others were told of.
    private var sound: [Int] = []

    /// - Parameter input: What goes into the graph; `nil` to learn it from the nodes that take it.
    init(_ document: GraphDocument, _ groups: [ProcessorGroup], input: (any Any.Type)?) {
        (self.document, self.input) = (document, input)
        self.groups = Dictionary(groups.map { ($0.name, $0) }) { first, _ in first }
        for (place, node) in document.nodes.enumerated() { self.enter(node, "nodes[\(place)]") }
        for (place, edge) in document.edges.enumerated() { self.enter(edge, place) }
        if input == nil { self.learnInput() }
        self.checkEnds()
    }

    // MARK: Nodes

    private mutating func enter(_ node: GraphDocument.Node, _ path: String) {
        if node.name == "input" || node.name == "output" {
            self.tell(.duplicateNode, "\(path).name: '\(node.name)' is an end of the graph: choose another name")
        }
        if let other = self.places[node.name] {
            let first = self.entries[other].path
            self.tell(.duplicateNode, "\(path).name: '\(node.name)' is the name of \(first) as well")
            return
        }
        self.checkOptions(of: node, path)
        guard let kind = self.kind(of: node, path) else {
            // Edges to it are not wrong as well.
            self.places[node.name] = -1
            return
        }
        var count = 1
        switch kind {
        case .join: count = 2
        case .grouped(let grouped):
            if grouped.input == nil { count = 0 }
            let arguments = node.arguments ?? .object([:])
            self.problems += grouped.arguments.problems(of: arguments, at: "\(path).arguments")
        }
        self.places[node.name] = self.entries.count
        self.entries.append(Entry(path: path, node: node, kind: kind, incoming: Array(repeating: [], count: count)))
    }

    private mutating func kind(of node: GraphDocument.Node, _ path: String) -> Kind? {
        switch (node.use, node.join) {
        case (let use?, nil):
            let parts = use.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2, let grouped = self.groups[parts[0]]?[parts[1]] { return .grouped(grouped) }
            let names = self.groups.values.flatMap { group in group.nodes.map { "\(group.name).\($0.name)" } }
            let known = names.isEmpty ? "there are none" : "there are: \(names.sorted().joined(separator: ", "))"
            self.tell(.unknownProcessor, "\(path).use: there is no '\(use)'; \(known)")
        case (nil, let rule?):
            if let join = DocumentJoin(rule: rule, unpaired: node.unpaired ?? "fail", node.maximumSize) {
                return .join(join)
            }
            self.tell(.badDocument, "\(path).join: '\(rule)' stands where key or order should")
        case (nil, nil): self.tell(.badDocument, "\(path): say what it is, with 'use' or with 'join'")
        case (.some, .some): self.tell(.badDocument, "\(path): it is either a 'use' or a 'join', and cannot be both")
        }
        return nil
    }

    private mutating func checkOptions(of node: GraphDocument.Node, _ path: String) {
        for (name, value) in [("maximumSize", node.maximumSize), ("workers", node.workers)] {
            guard let value, value < 1 else { continue }
            self.tell(.badArgument, "\(path).\(name): \(value) stands where at least 1 should")
        }
        if let policy = node.onError, ErrorPolicy(rawValue: policy) == nil {
            self.tell(.badArgument, "\(path).onError: '\(policy)' stands where fail, drop or route should")
        }
        if let policy = node.unpaired, UnpairedPolicy(rawValue: policy) == nil {
            self.tell(.badArgument, "\(path).unpaired: '\(policy)' stands where fail or drop should")
        }
    }

    // MARK: Edges

    private mutating func enter(_ edge: GraphDocument.Edge, _ place: Int) {
        let path = "edges[\(place)]"
        if let other = self.document.edges[..<place].firstIndex(of: edge) {
            self.tell(.badDocument, "\(path): it is edges[\(other)] once more")
            return
        }
        let source = self.source(of: edge, path)
        let target = self.target(of: edge, path)
        guard source, let target else { return }
        if let (node, inlet) = target { self.entries[node].incoming[inlet].append(place) }
        self.sound.append(place)
    }

    /// Whether it leads from something that puts.
    private mutating func source(of edge: GraphDocument.Edge, _ path: String) -> Bool {
        if edge.from == "input" {
            guard self.input == Never.self else { return true }
            self.tell(.unknownNode, "\(path).from: nothing goes into this graph")
            return false
        }
        guard let place = self.find(edge.from, "\(path).from", ends: "input") else { return false }
        let entry = self.entries[place]
        if let outlet = edge.outlet {
            guard outlet == "failures", case .grouped(let grouped) = entry.kind, grouped.isProcessor else {
                self.tell(.unknownNode, "\(path).outlet: node '\(edge.from)' has no outlet '\(outlet)'")
                return false
            }
            guard entry.node.onError == "route" else {
                self.tell(.badDocument, "\(path).outlet: '\(edge.from)' has none unless its onError is route")
                return false
            }
        } else if case .grouped(let grouped) = entry.kind, grouped.output == nil {
            self.tell(.unknownNode, "\(path).from: nothing comes out of '\(edge.from)', which is a sink")
            return false
        }
        return true
    }

    /// Where it leads; an empty place is the output of the graph.
    private mutating func target(of edge: GraphDocument.Edge, _ path: String) -> (node: Int, inlet: Int)?? {
        if edge.to == "output" { return .some(nil) }
        guard let place = self.find(edge.to, "\(path).to", ends: "output") else { return nil }
        let entry = self.entries[place]
        guard case .join = entry.kind else {
            if let inlet = edge.inlet {
                self.tell(.unknownNode, "\(path).inlet: node '\(edge.to)' has no inlet '\(inlet)': leave it out")
                return nil
            }
            guard !entry.incoming.isEmpty else {
                self.tell(.unknownNode, "\(path).to: '\(edge.to)' is a source, which takes nothing")
                return nil
            }
            return (place, 0)
        }
        switch edge.inlet {
        case "first": return (place, 0)
        case "second": return (place, 1)
        default:
            self.tell(.unknownNode, "\(path).inlet: join '\(edge.to)' has two inlets: name first or second")
            return nil
        }
    }

    /// Takes the type of what goes into the graph from the first node that says what it takes.
    ///
    /// That the others take the same is found where nodes are made, as it is for any other edge.
    private mutating func learnInput() {
        let edges = self.sound.filter { self.document.edges[$0].from == "input" }
        for place in edges {
            guard let node = self.places[self.document.edges[place].to],
                case .grouped(let grouped) = self.entries[node].kind
            else { continue }
            (self.input, self.telling) = (grouped.input, place)
            return
        }
        self.input = Never.self
        guard let first = edges.first else { return }
        let remedy = "have a node of a group take it as well, or instead"
        self.tell(.typeMismatch, "edges[\(first)]: nothing says of what type the items from 'input' are: \(remedy)")
    }

    private mutating func find(_ name: String, _ path: String, ends: String) -> Int? {
        guard let place = self.places[name] else {
            let names = ([ends] + self.document.nodes.map(\.name)).joined(separator: ", ")
            self.tell(.unknownNode, "\(path): there is no node '\(name)'; there are: \(names)")
            return nil
        }
        return place < 0 ? nil : place
    }

    /// What nobody sends to, and what goes nowhere.
    private mutating func checkEnds() {
        let used = Set(self.sound.map { Outlet(self.document.edges[$0]) })
        for entry in self.entries {
            for (inlet, edges) in entry.incoming.enumerated() where edges.isEmpty {
                let which = entry.incoming.count == 1 ? "it" : "its \(inlet == 0 ? "first" : "second") inlet"
                self.tell(.unusedOutput, "\(entry.path): nobody sends to \(which): add an edge to '\(entry.node.name)'")
            }
            var hasOutput = true
            if case .grouped(let grouped) = entry.kind { hasOutput = grouped.output != nil }
            if hasOutput, !used.contains(Outlet(node: entry.node.name, port: nil)) {
                self.tell(
                    .unusedOutput,
                    "\(entry.path): what '\(entry.node.name)' puts goes nowhere: add an edge from it"
                )
            }
            if entry.node.onError == "route", !used.contains(Outlet(node: entry.node.name, port: "failures")) {
                let remedy = "add an edge from its outlet failures, or drop them"
                self.tell(
                    .unusedOutput,
                    "\(entry.path): the failed items of '\(entry.node.name)' go nowhere: \(remedy)"
                )
            }
        }
        if self.input != Never.self, !used.contains(Outlet(node: "input", port: nil)) {
            self.tell(.unusedOutput, "edges: nothing takes what goes into the graph: add an edge from 'input'")
        }
    }

    private struct Outlet: Hashable {
        let node: String
        let port: String?

        init(node: String, port: String?) { (self.node, self.port) = (node, port) }
        init(_ edge: GraphDocument.Edge) { (self.node, self.port) = (edge.from, edge.outlet) }
    }

    private mutating func tell(_ code: FlowError.Code, _ message: String) {
        self.problems.append(FlowError(code, message))
    }

    // MARK: Making

    /// What comes of it.
    struct Resolved {
        var nodes: [PlannedNode] = []
        var outputs: [PortID] = []
        /// What goes into the graph; `Never` when nothing does.
        var input: any Any.Type = Never.self
        /// What comes out of the graph; `Never` when nothing does.
        var output: any Any.Type = Never.self
    }

    /// Makes the nodes, each after those that send to it.
    mutating func resolve() throws(FlowErrors) -> Resolved {
        var made = DocumentAssembly(self.document, input: self.input ?? Never.self, telling: self.telling)
        var open = Array(self.entries.indices)
        while !open.isEmpty {
            let ready = open.filter { made.hasAll(self.entries[$0].incoming.flatMap(\.self)) }
            guard !ready.isEmpty else { break }
            for place in ready {
                let entry = self.entries[place]
                switch entry.kind {
                case .grouped(let grouped): made.make(grouped, entry.node, entry.path, entry.incoming.first ?? [])
                case .join(let join): made.make(join, entry.node, entry.path, entry.incoming)
                }
            }
            open.removeAll { ready.contains($0) }
        }
        self.tellOfCircle(among: open)
        made.collectOutputs(self.sound)
        self.problems += made.problems
        guard self.problems.isEmpty else { throw FlowErrors(self.problems) }
        return made.resolved
    }

    private mutating func tellOfCircle(among open: [Int]) {
        let names = Set(open.map { self.entries[$0].node.name })
        let claims = self.sound.map { self.document.edges[$0] }.filter {
            names.contains($0.from) && names.contains($0.to)
        }
        .map { Claim(source: $0.from, target: $0.to, type: Never.self) }
        guard let cycle = LinkPlan(claims).cycle else { return }
        let way = cycle.joined(separator: " > ")
        self.tell(.cycle, "edges: nodes send to one another in a circle, and would wait for ever: \(way); cut it")
    }
}

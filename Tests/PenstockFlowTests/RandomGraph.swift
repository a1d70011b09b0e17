import PenstockFlow
import PenstockTesting

/// A random graph, and what simple arithmetic says of it.
///
/// Each node takes wires that are there already. In the end every wire that nobody takes comes out, marked.
struct RandomGraph {
    /// What a node does.
    enum Operation {
        case add(Int)
        case filter(Int)
        case several(Int)
        case drop(Int)
        case route(Int)
        /// Fails the run at the first of such items.
        case fail(Int)
        case merge(Int)
        case join(Int)
        case sum
        case source(Int)
    }

    struct Node {
        let operation: Operation
        let wire: Int
        let workers: Int
        let isOrdered: Bool
        let maximumSize: Int
        /// How often at most it gives way for an item.
        let delay: UInt64
    }

    /// An item that comes out, and of which wire.
    struct Marked: Hashable, Codable, Sendable {
        let wire: Int
        let value: Int
    }

    struct Failed: Error {}

    let count: Int
    let nodes: [Node]
    /// After how many items whoever takes them leaves.
    let patience: Int?

    init(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        func draw(_ bound: Int) -> Int { Int(chance.next() % UInt64(bound)) }
        self.count = draw(40)
        var nodes: [Node] = []
        var wires = 1
        for _ in 0..<1 + draw(7) {
            let operation: Operation =
                switch draw(20) {
                case 0..<5: .add(draw(100))
                case 5..<7: .filter(2 + draw(3))
                case 7..<9: .several(2 + draw(2))
                case 9: .drop(2 + draw(5))
                case 10: .route(2 + draw(5))
                case 11: .fail(draw(60))
                case 12..<14: .merge(draw(wires))
                case 14..<18: .join(draw(wires))
                case 18: .sum
                default: .source(draw(20))
                }
            nodes.append(
                Node(
                    operation: operation,
                    wire: draw(wires),
                    workers: 1 + draw(3) * draw(2),
                    isOrdered: draw(2) == 0,
                    maximumSize: [1, 2, 7, 64][draw(4)],
                    delay: UInt64(1 + draw(4) * draw(3))
                )
            )
            wires += 1
            if case .route = operation { wires += 1 }
        }
        self.nodes = nodes
        self.patience = draw(6) == 0 ? draw(30) : nil
    }

    // MARK: As a graph

    func graph() throws -> Graph<Int, Marked> {
        try Graph("random") { graph, input in
            var wires = [input]
            for (place, node) in self.nodes.enumerated() {
                wires += self.add(node, "node \(place)", to: graph, wires)
            }
            let marked = wires.enumerated().map { place, wire in
                graph.add(Processor("mark \(place)") { (value: Int) in Marked(wire: place, value: value) }, wire)
            }
            return marked.dropFirst().reduce(marked[0]) { $0.merged(with: $1) }
        }
    }

    private func add(_ node: Node, _ name: String, to graph: GraphBuilder, _ wires: [Wire<Int>]) -> [Wire<Int>] {
        let wire = wires[node.wire]
        func processor(_ policy: ErrorPolicy, _ body: @escaping @Sendable (Int) throws -> [Int]) -> Processor<Int, Int>
        {
            Processor(
                name,
                maximumSize: node.maximumSize,
                workers: node.workers,
                isOrdered: node.isOrdered,
                errorPolicy: policy
            ) { (value: Int, put) in
                for _ in 0..<UInt64.random(in: 0..<node.delay) { await Task.yield() }
                for output in try body(value) { try await put(output) }
            }
        }
        switch node.operation {
        case .add(let amount):
            // One for one, which keeps lineages as they are.
            let add = Processor(
                name,
                maximumSize: node.maximumSize,
                workers: node.workers,
                isOrdered: node.isOrdered
            ) { (value: Int) in
                for _ in 0..<UInt64.random(in: 0..<node.delay) { await Task.yield() }
                return value + amount
            }
            return [graph.add(add, wire)]
        case .filter(let divisor):
            return [graph.add(processor(.fail) { $0 % divisor == 0 ? [] : [$0] }, wire)]
        case .several(let bound):
            return [graph.add(processor(.fail) { value in (0..<abs(value) % bound).map { value + $0 } }, wire)]
        case .drop(let divisor):
            return [graph.add(processor(.drop) { if $0 % divisor == 0 { throw Failed() } else { [$0] } }, wire)]
        case .route(let divisor):
            let routing = processor(.route) { if $0 % divisor == 0 { throw Failed() } else { [$0] } }
            let (good, bad) = graph.addCatching(routing, wire)
            return [good, graph.add(Processor("\(name) failures") { (failed: FailedItem<Int>) in failed.item }, bad)]
        case .fail(let value):
            return [graph.add(processor(.fail) { if $0 == value { throw Failed() } else { [$0] } }, wire)]
        case .merge(let other):
            return [wire.merged(with: wires[other])]
        case .join(let other):
            let pairs = graph.join(name, wire, wires[other], unpaired: .drop)
            return [graph.add(Processor("\(name) pairs") { (pair: Joined<Int, Int>) in pair.value }, pairs)]
        case .sum:
            return [graph.add(Gather(name, into: 0) { (sum: inout Int, value: Int) in sum &+= value }, wire)]
        case .source(let count):
            guard count.isMultiple(of: 2) else { return [graph.add(Source(name, over: 0..<count))] }
            return [graph.add(Source<Int>(name) { put in for value in 0..<count { try await put(value) } })]
        }
    }
}

extension Joined<Int, Int> {
    var value: Int { self.first &* 31 &+ self.second }
}

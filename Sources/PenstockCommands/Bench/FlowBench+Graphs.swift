import Penstock
import PenstockFlow

/// The same through the processors of graphs, in memory and with the links in a store.
extension FlowBench {
    /// A processor of a function that waits for nothing.
    static func plusOne(_ name: String) -> Processor<Int, Int> { Processor(name) { $0 &+ 1 } }

    /// A processor of a function that could wait.
    static func plusOneInTime(_ name: String) -> Processor<Int, Int> {
        Processor(name) { (number: Int) async in number &+ 1 }
    }

    private static func adding(_ count: Int, of node: (String) -> Processor<Int, Int>) throws -> Graph<Int, Int> {
        try Graph("pipe") { graph, numbers in
            let all = (0..<count).reduce(numbers) { graph.add(node("plus one, \($1)"), $0) }
            return graph.add(Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum &+= number }, all)
        }
    }

    /// W3-pipe of five nodes, the input and the sum among them.
    func pipe(_ n: Int, of node: (String) -> Processor<Int, Int>) async throws -> Lap {
        let watch = Stopwatch()
        let graph = try Self.adding(3, of: node)
        watch.start()
        var sum = 0
        for try await part in graph.run(0..<n) { sum &+= part }
        watch.stop()
        try self.check(sum, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }

    /// W3-fanin of four sources that are merged by one node.
    func fanInOfProcessors(_ n: Int) async throws -> Lap {
        let (watch, shares) = (Stopwatch(), Self.shares(of: n))
        let graph = try Graph("fan-in") { (graph, _: Wire<Never>) in
            let wires = shares.enumerated().map { place, share in
                graph.add(
                    Source("numbers \(place)", over: 0..<share)
                )
            }
            let all = wires.dropFirst().reduce(wires[0]) { $0.merged(with: $1) }
            return graph.add(Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum &+= number }, all)
        }
        watch.start()
        var sum = 0
        for try await part in graph.run() { sum &+= part }
        watch.stop()
        try self.check(sum, shares.reduce(0) { $0 + Self.sum($1) })
        return try watch.lap(self.workload)
    }

    /// W3 through three links in a store: the input, two processors, and the sum, which goes into a queue.
    func durable(_ n: Int, _ kind: BenchStore.Kind) async throws -> Lap {
        let watch = Stopwatch()
        let place = try BenchPlace(nil)
        place.removeWhenInterrupted()
        defer { place.remove() }
        let bench = try await BenchStore(kind, in: place)
        let sums = try Queue<Int>("sums", in: bench.store)
        watch.start()
        _ = try await Self.adding(2, of: Self.plusOne).run(0..<n, in: bench.store, as: "bench", to: sums)
        watch.stop()
        let lease = try await sums.reserve()
        let sum = lease.value
        try await lease.complete()
        try await bench.remove()
        try self.check(sum, Self.sum(n, plus: 2))
        return try watch.lap(self.workload)
    }
}

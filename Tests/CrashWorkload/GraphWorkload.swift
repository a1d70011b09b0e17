import Penstock
public import PenstockFlow

/// A graph that has a bit of everything: it is run with its links in a store, and ended over and over.
public enum GraphWorkload {
    /// What comes out of it.
    public struct Outcome: Codable, Hashable, Comparable, Sendable {
        /// Which way it has come.
        public let way: String
        /// What it is.
        public let number: Int

        /// In the order of their ways, and then of what they are.
        public static func < (left: Outcome, right: Outcome) -> Bool {
            (left.way, left.number) < (right.way, right.number)
        }
    }

    private struct Odd: Error {}

    /// Makes it: a fan-out, workers, items that come to none or many, some that are dropped, a join, a merge and a sum.
    ///
    /// - Parameter progress: Is called for each item that comes in, with every life again.
    public static func graph(progress: @escaping @Sendable (Int) -> Void = { _ in }) throws -> Graph<Int, Outcome> {
        try Graph("everything") { (graph, numbers: Wire<Int>) in
            let several = graph.add(
                Processor("several", workers: 2) { (number: Int, put) in
                    progress(number)
                    for place in 0..<number % 5 { try await put(10 * number + place) }
                },
                numbers
            )
            let some = graph.add(
                Processor("some", errorPolicy: .drop) { (number: Int) in
                    if number % 7 == 0 { throw Odd() }
                    return number
                },
                numbers
            )
            let doubled = graph.add(Processor("doubled", workers: 3) { (number: Int) in 2 * number }, numbers)
            let pairs = graph.join("pairs", some, doubled)
            let sums = graph.add(
                Processor("sums", isOrdered: false) { (pair: Joined<Int, Int>) in pair.first + pair.second },
                pairs
            )
            let merged = several.merged(with: sums)
            let total = graph.add(
                Gather("total", into: 0) { (total: inout Int, number: Int) in total += number },
                merged
            )
            let items = graph.add(
                Processor("items") { (number: Int) in Outcome(way: "item", number: number) },
                merged
            )
            let totals = graph.add(
                Processor("totals") { (number: Int) in Outcome(way: "total", number: number) },
                total
            )
            return items.merged(with: totals)
        }
    }

    /// What comes out of it in memory, sorted.
    public static func expected(_ count: Int) async throws -> [Outcome] {
        var items: [Outcome] = []
        for try await item in try self.graph().run(0..<count) { items.append(item) }
        return items.sorted()
    }

    /// Few items are many rows.
    package static var sizes: DurableSizes {
        var sizes = DurableSizes()
        (sizes.rows, sizes.chunk, sizes.consumed) = (3, 8, 10)
        return sizes
    }
}

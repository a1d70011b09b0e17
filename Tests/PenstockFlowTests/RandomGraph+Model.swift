import PenstockFlow

extension RandomGraph {
    /// What comes out of a wire.
    struct Stream {
        /// The items with their lineages; `nil` for one that was dropped.
        var items: [(lineage: [Int], value: Int?)]
        /// Whether they come in this order.
        var isOrdered: Bool
        /// Whether each lineage is there once, so that it is clear what is joined with what.
        var isUnique: Bool

        var values: [Int] { self.items.compactMap(\.value) }
    }

    /// What should come out.
    struct Expectation {
        var streams: [Stream]
        /// The nodes that get an item at which they fail.
        var failing: Set<String> = []
        /// Whether it is clear what comes out: no stream is joined that has a lineage twice.
        var isClear = true
    }

    /// Works it out.
    var expectation: Expectation {
        let input = (0..<self.count).map { (lineage: [$0], value: Int?.some($0)) }
        var all = Expectation(streams: [Stream(items: input, isOrdered: true, isUnique: true)])
        for (place, node) in self.nodes.enumerated() { self.apply(node, "node \(place)", &all) }
        return all
    }

    private func apply(_ node: Node, _ name: String, _ all: inout Expectation) {
        let stream = all.streams[node.wire]
        let staysOrdered = stream.isOrdered && (node.isOrdered || node.workers == 1)
        func mapped(_ body: (Int) -> [Int]) -> Stream {
            Stream(items: Self.map(stream.items, body), isOrdered: staysOrdered, isUnique: stream.isUnique)
        }
        switch node.operation {
        case .add(let amount):
            let items = stream.items.map { (lineage: $0.lineage, value: $0.value.map { $0 + amount }) }
            all.streams.append(Stream(items: items, isOrdered: staysOrdered, isUnique: stream.isUnique))
        case .filter(let divisor), .drop(let divisor):
            all.streams.append(mapped { $0 % divisor == 0 ? [] : [$0] })
        case .several(let bound):
            all.streams.append(mapped { value in (0..<abs(value) % bound).map { value + $0 } })
        case .route(let divisor):
            all.streams.append(mapped { $0 % divisor == 0 ? [] : [$0] })
            var failed = stream
            failed.items = stream.items.filter { $0.value.map { $0 % divisor == 0 } ?? false }
            failed.isOrdered = staysOrdered
            all.streams.append(failed)
        case .fail(let value):
            if stream.values.contains(value) { all.failing.insert(name) }
            all.streams.append(mapped { [$0] })
        case .merge(let other):
            // What was dropped on the one may come on the other, so nobody hears of it.
            let items = (stream.items + all.streams[other].items).filter { $0.value != nil }
            let lineages = items.map { Self.trimmed($0.lineage) }
            let isUnique = Set(lineages).count == lineages.count
            all.streams.append(Stream(items: items, isOrdered: false, isUnique: isUnique))
        case .join(let other): self.join(stream, all.streams[other], &all)
        case .sum:
            let sum = stream.values.reduce(0, &+)
            all.streams.append(Stream(items: [([0], sum)], isOrdered: true, isUnique: true))
        case .source(let count):
            let items = (0..<count).map { (lineage: [$0], value: Int?.some($0)) }
            all.streams.append(Stream(items: items, isOrdered: true, isUnique: true))
        }
    }

    private func join(_ first: Stream, _ second: Stream, _ all: inout Expectation) {
        if !first.isUnique || !second.isUnique { all.isClear = false }
        let others = Dictionary(second.items.map { (Self.trimmed($0.lineage), $0.value) }) { first, _ in first }
        var items: [(lineage: [Int], value: Int?)] = []
        for (lineage, value) in first.items {
            guard let other = others[Self.trimmed(lineage)] else { continue }
            items.append((lineage, value.flatMap { value in other.map { Joined(value, $0).value } }))
        }
        all.streams.append(Stream(items: items, isOrdered: false, isUnique: true))
    }

    private static func map(
        _ items: [(lineage: [Int], value: Int?)],
        _ body: (Int) -> [Int]
    ) -> [(lineage: [Int], value: Int?)] {
        items.flatMap { item -> [(lineage: [Int], value: Int?)] in
            guard let value = item.value else { return [item] }
            let outputs = body(value)
            if outputs.isEmpty { return [(item.lineage, nil)] }
            return outputs.enumerated().map { (item.lineage + [$0], $1) }
        }
    }

    private static func trimmed(_ lineage: [Int]) -> [Int] {
        // The number itself stays, whatever it is.
        Array(lineage.prefix((lineage.lastIndex { $0 != 0 } ?? 0) + 1))
    }
}

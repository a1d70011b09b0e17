import Penstock

/// Items that go through a store together: a row of a queue.
///
/// To write a row costs tens of microseconds, whatever is in it, so a link in a store carries many items a row.
struct Chunk<Item: GraphItem>: Codable {
    /// The items, without those that were dropped.
    var items: [Item]
    /// The number of the first, where the others have the numbers that follow.
    var first: Int?
    /// Where each has come from, dropped ones included, where that is not so.
    var lineages: [Lineage]?
    /// The places of those that were dropped.
    var dropped: [Int]?

    init(_ envelopes: ArraySlice<Envelope<Item>>) {
        self.items = envelopes.compactMap(\.item)
        if self.items.count < envelopes.count {
            self.dropped = envelopes.enumerated().filter { $0.element.item == nil }.map(\.offset)
        }
        let first = envelopes.first?.lineage ?? Lineage(0)
        let isPlain = envelopes.enumerated().allSatisfy { $0.element.lineage.isNumber(first.number + $0.offset) }
        self.first = isPlain ? first.number : nil
        self.lineages = isPlain ? nil : envelopes.map(\.lineage)
    }

    /// The items with their lineages.
    var envelopes: [Envelope<Item>] {
        let dropped = Set(self.dropped ?? [])
        var (envelopes, next) = ([Envelope<Item>](), 0)
        envelopes.reserveCapacity(self.items.count + dropped.count)
        for place in 0..<self.items.count + dropped.count {
            let lineage = self.lineages.map { $0[place] } ?? Lineage((self.first ?? 0) + place)
            if dropped.contains(place) {
                envelopes.append(Envelope(nil, lineage))
            } else {
                envelopes.append(Envelope(self.items[next], lineage))
                next += 1
            }
        }
        return envelopes
    }
}

/// How items of a type that is known to be stored only when a graph is run become rows.
struct ItemCoder<Item: Sendable>: Sendable {
    let encode: @Sendable (ArraySlice<Envelope<Item>>) throws -> Payload
    let decode: @Sendable (Payload) throws -> [Envelope<Item>]

    /// Finds out how.
    /// - Throws: ``FlowError`` when the type is not `Codable`.
    init(for node: String) throws(FlowError) {
        func coder<Known: GraphItem>(_ type: Known.Type) -> Any {
            ItemCoder<Known>(
                encode: { try Payload(encoding: Chunk($0)) },
                decode: { try $0.decode(as: Chunk<Known>.self).envelopes }
            )
        }
        guard let type = Item.self as? any GraphItem.Type, let coder = coder(type) as? ItemCoder<Item> else {
            throw Self.refusal(of: Item.self, at: node)
        }
        self = coder
    }

    /// Says that a type cannot be stored.
    static func refusal(of type: any Any.Type, at node: String) -> FlowError {
        FlowError(
            .notStorable,
            "\(type) goes through node '\(node)', and cannot be stored: make it Codable, or run in memory"
        )
    }

    private init(
        encode: @escaping @Sendable (ArraySlice<Envelope<Item>>) throws -> Payload,
        decode: @escaping @Sendable (Payload) throws -> [Envelope<Item>]
    ) {
        (self.encode, self.decode) = (encode, decode)
    }
}

extension Lineage {
    /// Whether it is an item that entered under a number, and nothing that was made of it since.
    func isNumber(_ number: Int) -> Bool { self.number == number && self.isPlain }
}

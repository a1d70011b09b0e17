public import Penstock

/// Items that go through a store together: a row of a queue.
///
/// To write a row costs tens of microseconds, whatever is in it, so a link in a store carries many items a row.
struct Chunk<Item: GraphItem>: Codable {
    /// The items, without those that were dropped.
    let items: [Item]
    let frame: ChunkFrame

    init(_ items: [Item], _ frame: ChunkFrame) {
        (self.items, self.frame) = (items, frame)
    }
}

/// Where the items of a row have come from.
@usableFromInline
struct ChunkFrame: Sendable, Codable {
    /// The number of the first, where the others have the numbers that follow.
    @usableFromInline
    let first: Int?
    /// Where each has come from, dropped ones included, where that is not so.
    @usableFromInline
    let lineages: [Lineage]?
    /// The places of those that were dropped.
    @usableFromInline
    let dropped: [Int]?

    @usableFromInline
    init(_ lineages: [Lineage]?, first: Int, dropped: [Int]) {
        self.first = lineages == nil ? first : nil
        self.lineages = lineages
        self.dropped = dropped.isEmpty ? nil : dropped
    }
}

/// How items of a type that is known to be stored only when a graph is run become rows.
///
/// What is done for each item is compiled where the type is known; here are only whole arrays.
@usableFromInline
struct ItemCoder<Item: Sendable>: Sendable {
    private let code: @Sendable ([Item], ChunkFrame) throws -> Payload
    private let read: @Sendable (Payload) throws -> ([Item], ChunkFrame)

    /// Finds out how.
    /// - Throws: ``FlowError`` when the type is not `Codable`.
    @usableFromInline
    init(for node: String) throws {
        func coder<Known: GraphItem>(_ type: Known.Type) -> Any {
            ItemCoder<Known> { items, frame in
                try Payload(encoding: Chunk(items, frame))
            } read: { payload in
                let chunk = try payload.decode(as: Chunk<Known>.self)
                return (chunk.items, chunk.frame)
            }
        }
        guard let type = Item.self as? any GraphItem.Type, let coder = coder(type) as? ItemCoder<Item> else {
            throw Self.refusal(of: Item.self, at: node)
        }
        self = coder
    }

    private init(
        code: @escaping @Sendable ([Item], ChunkFrame) throws -> Payload,
        read: @escaping @Sendable (Payload) throws -> ([Item], ChunkFrame)
    ) {
        (self.code, self.read) = (code, read)
    }

    @inlinable
    func encode(_ envelopes: ArraySlice<Envelope<Item>>) throws -> Payload {
        var (items, dropped) = ([Item](), [Int]())
        items.reserveCapacity(envelopes.count)
        let first = envelopes.first?.lineage.number ?? 0
        var isPlain = true
        for place in envelopes.indices {
            let number = first + place - envelopes.startIndex
            isPlain = isPlain && envelopes[place].lineage.isNumber(number)
            if let item = envelopes[place].item {
                items.append(item)
            } else {
                dropped.append(place - envelopes.startIndex)
            }
        }
        let lineages = isPlain ? nil : envelopes.map(\.lineage)
        return try self.write(items, ChunkFrame(lineages, first: first, dropped: dropped))
    }

    @usableFromInline
    func write(_ items: [Item], _ frame: ChunkFrame) throws -> Payload { try self.code(items, frame) }

    /// The items with their lineages.
    @inlinable
    func decode(_ payload: Payload) throws -> [Envelope<Item>] {
        let (items, frame) = try self.parts(of: payload)
        let (dropped, first) = (frame.dropped ?? [], frame.first ?? 0)
        let count = items.count + dropped.count
        var envelopes: [Envelope<Item>] = []
        envelopes.reserveCapacity(count)
        var (next, nextDropped) = (0, 0)
        for place in 0..<count {
            let lineage = frame.lineages.map { $0[place] } ?? Lineage(first + place)
            if nextDropped < dropped.count, dropped[nextDropped] == place {
                envelopes.append(Envelope(nil, lineage))
                nextDropped += 1
            } else {
                envelopes.append(Envelope(items[next], lineage))
                next += 1
            }
        }
        return envelopes
    }

    @usableFromInline
    func parts(of payload: Payload) throws -> ([Item], ChunkFrame) {
        let (items, frame) = try self.read(payload)
        let count = items.count + (frame.dropped?.count ?? 0)
        guard (frame.lineages?.count ?? count) == count else {
            throw PenstockError(.undecodable, "a row has \(count) items, and says of more or fewer where they are from")
        }
        return (items, frame)
    }

    /// Says that a type cannot be stored.
    static func refusal(of type: any Any.Type, at node: String) -> FlowError {
        FlowError(
            .notStorable,
            "\(type) goes through node '\(node)', and cannot be stored: make it Codable, or run in memory"
        )
    }
}

extension Lineage {
    /// Whether it is an item that entered under a number, and nothing that was made of it since.
    @usableFromInline
    func isNumber(_ number: Int) -> Bool { self.number == number && self.isPlain }
}

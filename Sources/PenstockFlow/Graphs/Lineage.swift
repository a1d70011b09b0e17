/// Which item of the graph's input an item has come from: the key by which items are joined.
///
/// Items are numbered where they enter the graph, in the order in which they do. What a processor makes of an item
/// keeps its number; where it makes several, each gets a place below it, from 0. The first of them counts as the item
/// itself, so that what one filter has let pass is joined with what another has. A gathering node numbers what it puts
/// anew.
public struct Lineage: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The number of the item that entered, from 0.
    public let number: Int

    /// The places of the items on the way, each among those that were made of one, without zeros at the end.
    public var path: [Int] { self.places ?? [] }

    /// The same; `nil` when there are none, since to count references to an empty array takes time as well.
    @usableFromInline
    let places: [Int]?

    /// How many zeros there would be: how often it was the first of several since then.
    @usableFromInline
    let depth: Int

    /// Whether it is that item itself, and not the first of several that were made of it.
    var isPlain: Bool { self.places == nil && self.depth == 0 }

    /// Makes the lineage of an item that enters.
    @inlinable
    public init(_ number: Int) {
        (self.number, self.places, self.depth) = (number, nil, 0)
    }

    private init(_ number: Int, path: [Int], depth: Int) {
        (self.number, self.places, self.depth) = (number, path.isEmpty ? nil : path, depth)
    }

    /// The lineage of one of several items that were made of this one.
    @usableFromInline
    func child(_ place: Int) -> Lineage {
        guard place > 0 else { return Lineage(self.number, path: self.path, depth: self.depth + 1) }
        return Lineage(self.number, path: self.path + Array(repeating: 0, count: self.depth) + [place], depth: 0)
    }

    /// Whether they are the same, wherever they are.
    public static func == (left: Lineage, right: Lineage) -> Bool {
        left.number == right.number && left.path == right.path
    }

    /// Hashes what makes it the same.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.number)
        hasher.combine(self.path)
    }

    /// Reads the numbers with points between them.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard let number = numbers.first ?? nil, !numbers.contains(nil) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no lineage")
        }
        let path = numbers.dropFirst().compactMap(\.self)
        let zeros = path.reversed().prefix { $0 == 0 }.count
        self.init(number, path: Array(path.dropLast(zeros)), depth: zeros)
    }

    /// Writes the numbers with points between them, and the zeros at their end.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description + String(repeating: ".0", count: self.depth))
    }

    /// The numbers with points between them.
    public var description: String { ([self.number] + self.path).map(String.init).joined(separator: ".") }
}

/// An item on its way, or word that there is none.
@usableFromInline
struct Envelope<Item: Sendable>: Sendable {
    /// The item; `nil` when it was dropped, so that nobody waits for it at a join.
    @usableFromInline
    let item: Item?
    @usableFromInline
    let lineage: Lineage

    @inlinable
    init(_ item: Item?, _ lineage: Lineage) {
        (self.item, self.lineage) = (item, lineage)
    }
}

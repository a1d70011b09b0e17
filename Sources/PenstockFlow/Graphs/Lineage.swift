/// Which item of the graph's input an item has come from: the key by which items are joined.
///
/// Items are numbered where they enter the graph, in the order in which they do. What a processor makes of an item keeps
/// its number; where it makes several, each gets a place below it. A gathering node numbers what it puts anew.
public struct Lineage: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The number of the item that entered, from 0.
    public let number: Int

    /// The places of the items on the way, each among those that were made of one.
    public let path: [Int]

    /// Makes the lineage of an item that enters.
    @inlinable
    public init(_ number: Int) {
        self.init(number, path: [])
    }

    @usableFromInline
    init(_ number: Int, path: [Int]) {
        (self.number, self.path) = (number, path)
    }

    /// The lineage of one of several items that were made of this one.
    @usableFromInline
    func child(_ place: Int) -> Lineage { Lineage(self.number, path: self.path + [place]) }

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

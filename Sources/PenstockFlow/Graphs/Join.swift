/// Returns by what an item is joined.
@usableFromInline
typealias JoinKey<Item> = @Sendable (Item) throws -> any Hashable & Sendable

/// Which items of two streams belong together.
public struct JoinRule<First: Sendable, Second: Sendable>: Sendable {
    @usableFromInline
    enum Kind: Sendable {
        case lineage
        case order
        case value(JoinKey<First>, JoinKey<Second>)

        @usableFromInline
        var first: JoinKey<First>? { if case .value(let first, _) = self { first } else { nil } }
        @usableFromInline
        var second: JoinKey<Second>? { if case .value(_, let second) = self { second } else { nil } }
    }

    @usableFromInline
    let kind: Kind

    @usableFromInline
    init(_ kind: Kind) {
        self.kind = kind
    }

    /// Those that have come from the same item of the graph's input, whenever they come; see ``Lineage``.
    ///
    /// Where one of them was dropped on its way, so is the other, and counted.
    public static var key: JoinRule { JoinRule(.lineage) }

    /// The first with the first, the second with the second; an item that was dropped keeps its place.
    public static var order: JoinRule { JoinRule(.order) }

    /// Those of which two functions return the same; among equals, in order.
    @inlinable
    public static func value<Key: Hashable & Sendable>(
        _ first: @escaping @Sendable (First) throws -> Key,
        _ second: @escaping @Sendable (Second) throws -> Key
    ) -> JoinRule {
        JoinRule(.value({ try first($0) }, { try second($0) }))
    }
}

/// Two items that belong together.
public struct Joined<First: Sendable, Second: Sendable>: Sendable {
    /// The item of the first stream.
    public let first: First
    /// The item of the second stream.
    public let second: Second

    /// Makes a pair.
    @inlinable
    public init(_ first: First, _ second: Second) {
        (self.first, self.second) = (first, second)
    }
}

extension Joined: Equatable where First: Equatable, Second: Equatable {}
extension Joined: Hashable where First: Hashable, Second: Hashable {}
extension Joined: Codable where First: Codable, Second: Codable {}

/// What is done about items of which the other never comes.
public enum UnpairedPolicy: String, Sendable, Codable, CaseIterable {
    /// The run fails, and says how many there are of which stream.
    case fail
    /// They are dropped and counted.
    case drop
}

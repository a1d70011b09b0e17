import Synchronization

/// A bounded way for items from one producer to one consumer, in order.
///
/// A link that is full makes its producer wait, so that no more items are under way than its capacity and the one that
/// each side has in its hands. Each end is taken once, by the thread or task that uses it.
///
/// ```swift
/// let link = Link<Int>(capacity: 2)
/// var writer = link.writer()
/// var reader = link.reader()
/// try writer.write(1)
/// writer.finish()
/// while let item = try reader.read() { print(item) }
/// ```
public final class Link<Element: Sendable>: Sendable {
    let ring: Ring<Element>
    private let isWriterTaken = Atomic(false)
    private let isReaderTaken = Atomic(false)

    /// Makes a link.
    ///
    /// - Parameters:
    ///   - capacity: How many items may be in it; at least one. The memory for them is taken at once.
    ///   - producer: Where the producer waits for room; one of its own if it has several links, so that any of them may
    ///     wake it.
    ///   - consumer: Where the consumer waits for items.
    public init(capacity: Int, producer: Bell = Bell(), consumer: Bell = Bell()) {
        self.ring = Ring(capacity: capacity, producer: producer, consumer: consumer)
    }

    /// How many items may be in it.
    public var capacity: Int { self.ring.capacity }

    /// About how many items are in it; any thread may ask.
    public var count: Int { self.ring.count }

    /// Takes the end into which items go; it traps when somebody has it already.
    public func writer() -> LinkWriter<Element> {
        precondition(!self.isWriterTaken.exchange(true, ordering: .relaxed), "a link has one producer")
        return LinkWriter(self.ring)
    }

    /// Takes the end out of which items come; it traps when somebody has it already.
    public func reader() -> LinkReader<Element> {
        precondition(!self.isReaderTaken.exchange(true, ordering: .relaxed), "a link has one consumer")
        return LinkReader(self.ring)
    }
}

/// The other end of a link has gone, and there is no use in going on.
public enum LinkError: Error, Sendable {
    /// Nobody will take anything out any more.
    case abandoned
    /// The producer has gone without saying that this was all.
    case broken
}

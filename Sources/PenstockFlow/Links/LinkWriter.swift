public import CLinux
public import Synchronization

/// The end of a link into which items go, for one thread or task.
///
/// What is written can be read at once. Letting go of it without ``finish()`` tells the consumer that the stream was
/// cut off.
public struct LinkWriter<Element: Sendable>: ~Copyable {
    @usableFromInline
    let ring: Ring<Element>
    /// How many items were put in.
    @usableFromInline
    var position = 0
    /// Up to where there is room for certain.
    @usableFromInline
    var limit: Int
    private var ending = LinkEnding.broken

    init(_ ring: Ring<Element>) {
        self.ring = ring
        self.limit = ring.capacity
    }

    deinit {
        self.ring.ending.store(self.ending, ordering: .releasing)
        self.ring.consumer.ring()
    }

    /// Puts an item in if there is room.
    /// - Returns: `false` when the link is full, and then nothing has happened.
    @inlinable
    public mutating func writeIfRoom(_ element: Element) -> Bool {
        guard self.position != self.limit || self.hasRoom() else { return false }
        self.put(element)
        return true
    }

    /// Puts an item in, blocking the thread while the link is full.
    /// - Throws: ``LinkError/abandoned`` when nobody will take anything out any more.
    @inlinable
    public mutating func write(_ element: consuming Element) throws(LinkError) {
        if self.position == self.limit { try self.waitForRoom() }
        self.put(element)
    }

    /// Puts an item in, suspending the task while the link is full.
    /// - Throws: ``LinkError/abandoned`` when nobody will take anything out any more.
    @inlinable
    public mutating func send(_ element: consuming Element) async throws(LinkError) {
        while self.position == self.limit { try await self.suspendForRoom() }
        self.put(element)
    }

    /// Says that there is no more.
    public consuming func finish() {
        self.ending = .finished
    }

    /// Whether nobody will take anything out any more.
    @inlinable
    public var isAbandoned: Bool { self.ring.isAbandoned.load(ordering: .acquiring) }

    @inlinable
    mutating func put(_ element: consuming Element) {
        unsafe (self.ring.slots + (self.position & self.ring.mask)).initialize(to: element)
        self.position &+= 1
        // The consumer may have let go of the item before the next line has ended.
        clinux_count_references()
        self.ring.put.store(self.position, ordering: .releasing)
        if self.ring.consumerSleeps.isSet() { self.ring.consumer.wake() }
    }

    /// Looks how far the consumer has come.
    @inlinable
    mutating func hasRoom() -> Bool {
        self.limit = self.ring.taken.load(ordering: .acquiring) &+ self.ring.capacity
        return self.position != self.limit
    }

    /// Whether it can go on: there is room, or there will never be any.
    @inlinable
    static func isReady(_ ring: Ring<Element>, _ limit: Int) -> Bool {
        ring.taken.load(ordering: .acquiring) &+ ring.capacity != limit || ring.isAbandoned.load(ordering: .acquiring)
    }

    @inlinable
    mutating func waitForRoom() throws(LinkError) {
        while !self.hasRoom() {
            if self.isAbandoned { throw .abandoned }
            let (ring, limit) = (self.ring, self.limit)
            ring.producer.wait { Self.isReady(ring, limit) }
        }
    }

    @inlinable
    mutating func suspendForRoom() async throws(LinkError) {
        while !self.hasRoom() {
            if self.isAbandoned { throw .abandoned }
            let (ring, limit) = (self.ring, self.limit)
            await ring.producer.suspend { Self.isReady(ring, limit) }
        }
    }
}

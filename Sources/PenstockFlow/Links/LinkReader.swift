public import Synchronization

/// The end of a link out of which items come, for one thread or task.
///
/// Letting go of it tells the producer that there is no use in going on.
public struct LinkReader<Element: Sendable>: ~Copyable {
    @usableFromInline
    let ring: Ring<Element>
    /// How many items were taken out.
    @usableFromInline
    var position = 0
    /// Up to where there are items for certain.
    @usableFromInline
    var limit = 0
    /// At which position the producer is told how far this side has come.
    @usableFromInline
    var report: Int
    /// After how many items it is told; it is told in any case when nothing is left.
    @usableFromInline
    let stride: Int

    init(_ ring: Ring<Element>) {
        self.ring = ring
        self.stride = max(1, ring.capacity / 4)
        self.report = self.stride
    }

    deinit {
        self.ring.taken.store(self.position, ordering: .releasing)
        self.ring.isAbandoned.store(true, ordering: .releasing)
        self.ring.producer.ring()
    }

    /// How many items can be taken out without waiting, at least; it looks at the producer's side when there are none.
    @inlinable
    public mutating func ready() -> Int {
        if self.position == self.limit { self.limit = self.ring.put.load(ordering: .acquiring) }
        return self.limit &- self.position
    }

    /// Takes out the next item, of which ``ready()`` has said that there is one.
    @inlinable
    public mutating func take() -> Element {
        precondition(self.position != self.limit, "there is no item to take")
        let element = unsafe (self.ring.slots + (self.position & self.ring.mask)).move()
        self.position &+= 1
        if self.position == self.report || self.position == self.limit { self.tell() }
        return element
    }

    /// Takes out the next item, blocking the thread until there is one.
    /// - Returns: `nil` when the producer has said that there is no more.
    /// - Throws: ``LinkError/broken`` when it has gone without saying so.
    @inlinable
    public mutating func read() throws(LinkError) -> Element? {
        while self.ready() == 0 {
            if try self.hasEnded() { return nil }
            self.wait()
        }
        return self.take()
    }

    /// Takes out the next item, suspending the task until there is one.
    /// - Returns: `nil` when the producer has said that there is no more.
    /// - Throws: ``LinkError/broken`` when it has gone without saying so.
    @inlinable
    public mutating func next() async throws(LinkError) -> Element? {
        while self.ready() == 0 {
            if try self.hasEnded() { return nil }
            await self.suspend()
        }
        return self.take()
    }

    /// How the stream has ended, once everything was taken out; `none` before that.
    @inlinable
    public mutating func ending() -> LinkEnding {
        guard self.ready() == 0 else { return .none }
        // The last item is there before the end is, so the order of the two looks matters.
        let ending = self.ring.ending.load(ordering: .acquiring)
        return ending != .none && self.ready() == 0 ? ending : .none
    }

    /// Tells the producer how far this side has come.
    @inlinable
    mutating func tell() {
        self.report = self.position &+ self.stride
        self.ring.taken.store(self.position, ordering: .releasing)
        if self.ring.producerSleeps.isSet() { self.ring.producer.wake() }
    }

    @inlinable
    mutating func hasEnded() throws(LinkError) -> Bool {
        switch self.ending() {
        case .none: return false
        case .finished: return true
        case .broken: throw .broken
        }
    }

    /// Whether there is something to be taken out, or the end.
    @inlinable
    var hasNews: Bool { Self.hasNews(self.ring, self.position) }

    @inlinable
    static func hasNews(_ ring: Ring<Element>, _ position: Int) -> Bool {
        ring.put.load(ordering: .acquiring) != position || ring.ending.load(ordering: .acquiring) != .none
    }

    @inlinable
    func wait() {
        let (ring, position) = (self.ring, self.position)
        ring.consumer.wait { Self.hasNews(ring, position) }
    }

    @inlinable
    func suspend() async {
        let (ring, position) = (self.ring, self.position)
        await ring.consumer.suspend { Self.hasNews(ring, position) }
    }
}

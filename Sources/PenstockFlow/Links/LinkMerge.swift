/// The ends of several links out of which items come, for one thread or task that takes from whichever has some.
///
/// Each link has one producer, so that no two of them meet at one place: what many write is put together here.
@safe
public struct LinkMerge<Element: Sendable>: ~Copyable {
    @usableFromInline
    var readers: [UnsafeMutablePointer<LinkReader<Element>>]
    /// Whose turn it is, and how many items it may still give before that of the next.
    @usableFromInline
    var place = 0
    @usableFromInline
    var left = Self.turn
    @usableFromInline
    let bell: Bell

    /// How many items are taken from a link before the next has its turn.
    @inlinable
    static var turn: Int { 256 }

    /// Takes the ends of links, all of which were made with `bell` as their consumer's.
    public init(_ links: [Link<Element>], at bell: Bell) {
        precondition(links.allSatisfy { $0.ring.consumer === bell }, "the links ring at another bell")
        self.bell = bell
        unsafe self.readers = links.map { link in
            let reader = UnsafeMutablePointer<LinkReader<Element>>.allocate(capacity: 1)
            unsafe reader.initialize(to: link.reader())
            return unsafe reader
        }
    }

    @inlinable
    deinit {
        for place in unsafe self.readers.indices { unsafe Self.release(self.readers[place]) }
    }

    @usableFromInline
    static func release(_ reader: UnsafeMutablePointer<LinkReader<Element>>) {
        unsafe reader.deinitialize(count: 1)
        unsafe reader.deallocate()
    }

    /// Takes out the next item of any link, blocking the thread until there is one.
    /// - Returns: `nil` when all producers have said that there is no more.
    /// - Throws: ``LinkError/broken`` when one has gone without saying so.
    @inlinable
    public mutating func read() throws(LinkError) -> Element? {
        while true {
            if let element = try self.takeAny() { return element }
            if self.hasEnded { return nil }
            self.wait()
        }
    }

    /// Takes out the next item of any link, suspending the task until there is one.
    /// - Returns: `nil` when all producers have said that there is no more.
    /// - Throws: ``LinkError/broken`` when one has gone without saying so.
    @inlinable
    public mutating func next() async throws(LinkError) -> Element? {
        while true {
            if let element = try self.takeAny() { return element }
            if self.hasEnded { return nil }
            await self.suspend()
        }
    }

    @inlinable
    var hasEnded: Bool { unsafe self.readers.isEmpty }

    /// Takes out an item if there is one, of the link whose turn it is as long as that has some.
    @inlinable
    mutating func takeAny() throws(LinkError) -> Element? {
        if self.left > 0, unsafe self.place < self.readers.count, unsafe self.readers[self.place].pointee.ready() > 0 {
            self.left &-= 1
            return unsafe self.readers[self.place].pointee.take()
        }
        return try self.passOn() ? unsafe self.readers[self.place].pointee.take() : nil
    }

    /// Gives the next link that has something its turn, and takes those that have ended off the list.
    /// - Returns: `false` when none has anything.
    @inlinable
    mutating func passOn() throws(LinkError) -> Bool {
        // Each of them once, and the one whose turn it was last.
        var looks = unsafe self.readers.count
        self.left = 0
        while looks > 0 {
            looks -= 1
            self.place = unsafe self.place + 1 < self.readers.count ? self.place + 1 : 0
            if unsafe self.readers[self.place].pointee.ready() > 0 {
                self.left = Self.turn - 1
                return true
            }
            switch unsafe self.readers[self.place].pointee.ending() {
            case .none: break
            case .finished:
                unsafe Self.release(self.readers.remove(at: self.place))
                // The one that has come into its place is the next.
                self.place -= 1
            case .broken: throw .broken
            }
        }
        return false
    }

    @inlinable
    func wait() {
        let readers = unsafe self.readers
        self.bell.wait { unsafe readers.contains { unsafe $0.pointee.hasNews } }
    }

    @inlinable
    func suspend() async {
        let readers = unsafe self.readers
        await self.bell.suspend { unsafe readers.contains { unsafe $0.pointee.hasNews } }
    }
}

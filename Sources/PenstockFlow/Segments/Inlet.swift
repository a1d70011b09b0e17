import Synchronization

/// Where links into a segment are made, from any thread, before it runs.
@usableFromInline
final class InletDoor<Item: Sendable>: Sendable {
    private let links = Mutex<[(source: String, link: Link<Item>)]>([])
    private let capacity: Int
    private let bell: Bell

    @usableFromInline
    init(capacity: Int, bell: Bell) {
        (self.capacity, self.bell) = (capacity, bell)
    }

    /// Makes a link of its own for one producer, which waits for room at `bell`.
    func link(from source: String, bell: Bell) -> Link<Item> {
        let link = Link<Item>(capacity: self.capacity, producer: bell, consumer: self.bell)
        self.links.withLock { $0.append((source, link)) }
        return link
    }

    /// How many items wait in the links, and how many they hold.
    var load: (count: Int, capacity: Int) {
        self.links.withLock { links in
            links.reduce((0, 0)) { ($0.0 + $1.link.count, $0.1 + $1.link.capacity) }
        }
    }

    /// The links that were made.
    var all: [(source: String, link: Link<Item>)] { self.links.withLock { $0 } }
}

/// The links into a segment, in the hands of its thread.
@safe
@usableFromInline
struct Inlet<Item: Sendable>: ~Copyable {
    @safe
    @usableFromInline
    struct Entry {
        @usableFromInline
        let source: String
        @usableFromInline
        let reader: UnsafeMutablePointer<LinkReader<Item>>
    }

    @usableFromInline
    var entries: [Entry]
    @usableFromInline
    let bell: Bell
    /// Which link has its turn, and how many items it may still give, where items are taken one at a time.
    @usableFromInline
    var place = 0
    @usableFromInline
    var left = Self.turn

    /// How many items are taken from a link before the next has its turn.
    @inlinable
    static var turn: Int { 256 }

    @usableFromInline
    init(_ door: InletDoor<Item>, bell: Bell) {
        self.bell = bell
        self.entries = door.all.map { source, link in
            let reader = UnsafeMutablePointer<LinkReader<Item>>.allocate(capacity: 1)
            unsafe reader.initialize(to: link.reader())
            return unsafe Entry(source: source, reader: reader)
        }
    }

    @inlinable
    deinit {
        for entry in self.entries { Self.release(entry) }
    }

    @usableFromInline
    static func release(_ entry: Entry) {
        unsafe entry.reader.deinitialize(count: 1)
        unsafe entry.reader.deallocate()
    }

    /// Serves the links round robin until the last of them has ended, which is when the seed's loop ends.
    ///
    /// - Throws: What `body` throws; ``SegmentStopped`` when a link has broken or the pipeline is interrupted.
    @inlinable
    mutating func serve(_ interruption: Interruption, _ body: (consuming Item) throws -> Void) throws {
        while !self.entries.isEmpty {
            if interruption.isSet { throw interruption.stop }
            if try !self.serveOnce(body) { self.wait(interruption) }
        }
    }

    /// Gives each link one turn, and takes those that have ended off the list.
    /// - Returns: whether anything happened.
    @inlinable
    mutating func serveOnce(_ body: (consuming Item) throws -> Void) throws -> Bool {
        var (place, hasMoved) = (0, false)
        while place < self.entries.count {
            let entry = self.entries[place]
            let count = unsafe min(entry.reader.pointee.ready(), Self.turn)
            for _ in 0..<count { try body(unsafe entry.reader.pointee.take()) }
            hasMoved = hasMoved || count > 0
            switch count > 0 ? .none : unsafe entry.reader.pointee.ending() {
            case .none: place += 1
            case .finished:
                Self.release(self.entries.remove(at: place))
                hasMoved = true
            case .broken:
                throw Self.broken(entry)
            }
        }
        return hasMoved
    }

    @usableFromInline
    static func broken(_ entry: Entry) -> any Error {
        SegmentStopped(reason: "segment '\(entry.source)' has stopped before its end")
    }

    @inlinable
    func wait(_ interruption: Interruption) {
        self.bell.wait {
            interruption.isSet || self.hasNews
        }
    }

    /// Whether one of the links has an item, or has ended.
    @inlinable
    var hasNews: Bool { self.entries.contains { unsafe $0.reader.pointee.hasNews } }
}

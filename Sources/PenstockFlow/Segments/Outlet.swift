/// The way from an action to another segment.
///
/// It is claimed with ``ActionContext/claim(_:of:)``, can be used from the first item on, and belongs to the thread of
/// the action's segment.
@safe
public final class Outlet<Item: Sendable> {
    /// The name of the segment to which it leads.
    public let target: String

    let source: String
    private let bell: Bell
    private let onFailure: FailurePolicy
    /// Whether the other segment has ended before its time, and this one goes on without it.
    private var isGivenUp = false
    @usableFromInline
    let route = Route<Item>()

    init(from source: String, to target: String, bell: Bell, onFailure: FailurePolicy) {
        (self.source, self.target, self.bell, self.onFailure) = (source, target, bell, onFailure)
    }

    deinit {
        self.disconnect()
        self.route.deallocate()
    }

    /// Sends an item, waiting while the link is full.
    ///
    /// - Throws: An error that the action has to let pass when there is no use in going on, because the other segment
    ///   has ended or the pipeline was interrupted.
    @inlinable
    public func send(_ item: consuming Item) throws {
        do throws(LinkError) { try self.route.send(item) } catch { try self.dropOrStop() }
    }

    /// What is done about an item that cannot be sent: it is dropped, or there is no use in going on.
    @usableFromInline
    func dropOrStop() throws {
        if self.isGivenUp { return }
        guard self.route.isConnected else {
            throw FlowError(
                .notStarted,
                "it sends to '\(self.target)' before all segments have started: send from onInput on"
            )
        }
        guard self.onFailure == .finish else {
            throw SegmentStopped(reason: "segment '\(self.target)' has stopped taking items")
        }
        self.isGivenUp = true
        self.route.disconnect()
    }
}

/// The part of an outlet that moves items, which is used without counting a reference to the outlet.
///
/// It is behind pointers, so that to send an item is not to ask whether somebody else does at the same time.
@safe
@usableFromInline
struct Route<Item: Sendable> {
    /// It is there while the route is connected.
    @usableFromInline
    let writer: UnsafeMutablePointer<LinkWriter<Item>>
    @usableFromInline
    let connection: UnsafeMutablePointer<Bool>

    init() {
        unsafe self.writer = .allocate(capacity: 1)
        unsafe self.connection = .allocate(capacity: 1)
        unsafe self.connection.initialize(to: false)
    }

    func deallocate() {
        unsafe self.writer.deallocate()
        unsafe self.connection.deallocate()
    }

    @inlinable
    var isConnected: Bool { unsafe self.connection.pointee }

    /// Sends an item, waiting while the link is full.
    /// - Throws: ``LinkError/abandoned`` when nobody takes anything out, or nobody does yet.
    @inlinable
    func send(_ item: consuming Item) throws(LinkError) {
        guard self.isConnected else { throw .abandoned }
        try unsafe self.writer.pointee.write(item)
    }

    func connect(_ writer: consuming LinkWriter<Item>) {
        unsafe self.writer.initialize(to: writer)
        unsafe self.connection.pointee = true
    }

    func finish() {
        guard self.isConnected else { return }
        unsafe self.connection.pointee = false
        unsafe self.writer.move().finish()
    }

    func disconnect() {
        guard self.isConnected else { return }
        unsafe self.connection.pointee = false
        unsafe self.writer.deinitialize(count: 1)
    }
}

/// An outlet of any type that waits for its link.
protocol ClaimedOutlet: AnyObject {
    /// What was claimed, in words that can be sent to whoever matches it.
    var claim: Claim { get }

    /// Makes a link to what is on offer.
    /// - Throws: ``FlowError`` when the segment takes something else.
    func connect(to offer: Offer) throws(FlowError)

    /// Says that there is no more.
    func finish()

    /// Lets go of the link; unless it has finished, the other segment is told that it has broken.
    func disconnect()
}

extension Outlet: ClaimedOutlet {
    var claim: Claim { Claim(source: self.source, target: self.target, type: Item.self) }

    func connect(to offer: Offer) throws(FlowError) {
        guard let door = offer.door as? InletDoor<Item> else { throw self.claim.mismatch(offer) }
        self.route.connect(door.link(from: self.source, bell: self.bell).writer())
    }

    func finish() {
        self.route.finish()
    }

    func disconnect() {
        self.route.disconnect()
    }
}

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
    /// Behind a pointer, so that to send an item is not to ask whether somebody else does at the same time.
    @usableFromInline
    let writer: UnsafeMutablePointer<LinkWriter<Item>>
    /// One thread uses it, so nobody asks whether somebody else does at the same time.
    @usableFromInline
    @exclusivity(unchecked)
    var isConnected = false

    init(from source: String, to target: String, bell: Bell) {
        (self.source, self.target, self.bell) = (source, target, bell)
        unsafe self.writer = .allocate(capacity: 1)
    }

    deinit {
        self.disconnect()
        unsafe self.writer.deallocate()
    }

    /// Sends an item, waiting while the link is full.
    ///
    /// - Throws: An error that the action has to let pass when there is no use in going on, because the other segment
    ///   has ended or the pipeline was interrupted.
    @inlinable
    public func send(_ item: Item) throws {
        guard unsafe self.isConnected else { throw self.early() }
        do throws(LinkError) {
            try unsafe self.writer.pointee.write(item)
        } catch {
            throw self.stopped()
        }
    }

    @usableFromInline
    func early() -> any Error {
        FlowError(
            .notStarted,
            "segment '\(self.source)' sends to '\(self.target)' before all segments have started: send from onInput on"
        )
    }

    @usableFromInline
    func stopped() -> any Error {
        SegmentStopped(reason: "segment '\(self.target)' has stopped taking items")
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
        unsafe self.writer.initialize(to: door.link(from: self.source, bell: self.bell).writer())
        unsafe self.isConnected = true
    }

    func finish() {
        guard unsafe self.isConnected else { return }
        unsafe self.isConnected = false
        unsafe self.writer.move().finish()
    }

    func disconnect() {
        guard unsafe self.isConnected else { return }
        unsafe self.isConnected = false
        unsafe self.writer.deinitialize(count: 1)
    }
}

/// The links out of one port of a node, in the hands of its task: everything that is sent goes to all of them.
@usableFromInline
@safe
final class Outlets<Item: Sendable> {
    @usableFromInline
    @safe
    struct Entry {
        @usableFromInline
        let target: String
        @usableFromInline
        let writer: UnsafeMutablePointer<LinkWriter<Envelope<Item>>>
        /// Whether the link was full, and the item has yet to go into it.
        @usableFromInline
        var isOwed = false
    }

    /// One task uses it, so nobody asks whether somebody else does at the same time.
    @usableFromInline
    @exclusivity(unchecked)
    var entries: [Entry]
    @usableFromInline
    let seat: NodeSeat

    @usableFromInline
    init(_ port: Int, of seat: NodeSeat) {
        self.seat = seat
        unsafe self.entries = []
        for target in seat.targets(of: port) {
            guard let link = target.link as? Link<Envelope<Item>> else {
                preconditionFailure("node '\(seat.name)' puts \(Item.self), and '\(target.name)' takes something else")
            }
            let writer = UnsafeMutablePointer<LinkWriter<Envelope<Item>>>.allocate(capacity: 1)
            unsafe writer.initialize(to: link.writer())
            unsafe self.entries.append(Entry(target: target.name, writer: writer))
        }
    }

    deinit {
        // Who has not been told that this was all is told that it was not.
        for entry in unsafe self.entries { unsafe entry.writer.deinitialize(count: 1) }
        self.release()
    }

    private func release() {
        for entry in unsafe self.entries { unsafe entry.writer.deallocate() }
        unsafe self.entries = []
    }

    /// Says that there is no more.
    @usableFromInline
    func finish() {
        for entry in unsafe self.entries { unsafe entry.writer.move().finish() }
        self.release()
    }

    /// Sends an item to all, suspending the task while a link is full.
    ///
    /// Those that have room get it before any is waited for, so that a slow one holds up its siblings as late as it
    /// can.
    @inlinable
    func send(_ envelope: Envelope<Item>) async throws {
        if !self.sendIfRoom(envelope) { try await self.wait(with: envelope) }
    }

    /// Sends an item to those that have room.
    /// - Returns: `false` when there are others, which are to be waited for.
    @inlinable
    func sendIfRoom(_ envelope: Envelope<Item>) -> Bool {
        if envelope.item != nil { NodeCounters.count(self.seat.counters.put) }
        var isOwed = false
        for place in unsafe self.entries.indices where unsafe !self.entries[place].writer.pointee.writeIfRoom(envelope)
        {
            unsafe self.entries[place].isOwed = true
            isOwed = true
        }
        return !isOwed
    }

    /// Waits for those that are full.
    @usableFromInline
    func wait(with envelope: Envelope<Item>) async throws {
        try await self.seat.counters.wait {
            for place in unsafe self.entries.indices where unsafe self.entries[place].isOwed {
                unsafe self.entries[place].isOwed = false
                let entry = unsafe self.entries[place]
                do throws(LinkError) {
                    try await unsafe entry.writer.pointee.send(envelope)
                } catch {
                    throw SegmentStopped(reason: "node '\(entry.target)' has stopped taking items")
                }
            }
        }
    }
}

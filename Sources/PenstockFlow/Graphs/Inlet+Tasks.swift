extension Inlet {
    /// Takes out the next item, suspending the task until there is one; the links take turns.
    ///
    /// - Returns: `nil` when all links have ended.
    /// - Throws: ``SegmentStopped`` when a link has broken or the run is interrupted.
    @inlinable
    mutating func next(_ seat: NodeSeat) async throws -> Item? {
        while true {
            if let item = try self.takeIfReady(seat.interruption) { return item }
            if self.hasEnded { return nil }
            await self.suspend(seat)
        }
    }

    /// Whether all links have ended.
    @inlinable
    var hasEnded: Bool { self.entries.isEmpty }

    /// Takes out the next item if there is one; the links take turns.
    @inlinable
    mutating func takeIfReady(_ interruption: Interruption) throws -> Item? {
        if interruption.isSet { throw interruption.stop }
        var passed = 0
        while passed <= self.entries.count, !self.entries.isEmpty {
            if self.place >= self.entries.count { self.place = 0 }
            let reader = unsafe self.entries[self.place].reader
            if self.left > 0, unsafe reader.pointee.ready() > 0 {
                self.left &-= 1
                return unsafe reader.pointee.take()
            }
            try self.pass()
            passed += 1
        }
        return nil
    }

    /// Gives the next link its turn, and takes the one that had it off the list if it has ended.
    @usableFromInline
    mutating func pass() throws {
        let entry = self.entries[self.place]
        self.left = Self.turn
        switch unsafe entry.reader.pointee.ending() {
        case .none: self.place += 1
        case .finished: Self.release(self.entries.remove(at: self.place))
        case .broken: throw Self.broken(entry)
        }
    }

    /// Waits for an item, an end, or for `condition`.
    @usableFromInline
    func suspend(_ seat: NodeSeat, or condition: () -> Bool = { false }) async {
        await seat.suspend { self.hasNews || condition() }
    }
}

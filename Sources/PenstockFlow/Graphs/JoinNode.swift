public import Synchronization

/// A join at work in a run, in the task of its node.
@usableFromInline
struct JoinNode<First: Sendable, Second: Sendable>: Sendable {
    @usableFromInline
    let rule: JoinRule<First, Second>
    @usableFromInline
    let unpairedPolicy: UnpairedPolicy
    /// How many items of one stream are held at most; `nil` when both come from one node, which lets neither run ahead
    /// of the other by more than the links between them hold.
    @usableFromInline
    let limit: Int?
    @usableFromInline
    let maximumSize: Int

    @usableFromInline
    init(
        _ rule: JoinRule<First, Second>,
        _ unpaired: UnpairedPolicy,
        maximumSize: Int,
        _ first: [PortID],
        _ second: [PortID],
        among nodes: [PlannedNode]
    ) {
        let areRelated = !nodes.ancestors(of: first).isDisjoint(with: nodes.ancestors(of: second))
        (self.rule, self.unpairedPolicy, self.maximumSize) = (rule, unpaired, maximumSize)
        self.limit = areRelated ? nil : maximumSize
    }

    @inlinable
    func planned(_ name: String, _ first: [PortID], _ second: [PortID]) -> PlannedNode {
        let inlets = [
            PlannedInlet(of: First.self, from: first, maximumSize: self.maximumSize),
            PlannedInlet(of: Second.self, from: second, maximumSize: self.maximumSize),
        ]
        return PlannedNode(name, .join, inlets: inlets, outputs: [Joined<First, Second>.self]) { (seat: NodeSeat) in
            try await self.run(seat)
        } runDurably: { (seat: DurableSeat) in
            try await self.run(seat)
        }
    }

    @inlinable
    func run(_ seat: NodeSeat) async throws {
        let outlets = Outlets<Joined<First, Second>>(0, of: seat)
        var table = JoinTable(self.rule)
        var first = seat.inlet(0, of: First.self)
        var second = seat.inlet(1, of: Second.self)
        while !first.hasEnded || !second.hasEnded {
            var hasMoved = false
            if self.mayTake(table.held.first), let envelope = try first.takeIfReady(seat.interruption) {
                hasMoved = true
                try await self.send(self.keyed(envelope, 0, seat) { try table.takeFirst($0) }, seat, outlets)
            }
            if self.mayTake(table.held.second), let envelope = try second.takeIfReady(seat.interruption) {
                hasMoved = true
                try await self.send(self.keyed(envelope, 1, seat) { try table.takeSecond($0) }, seat, outlets)
            }
            if first.hasEnded { table.endFirst() }
            if second.hasEnded { table.endSecond() }
            seat.counters.dropped.store(table.dropped, ordering: .relaxed)
            try self.check(table, seat)
            // Whoever has just ended has no news any more.
            if hasMoved || (first.hasEnded && second.hasEnded) { continue }
            let (mayFirst, maySecond) = (self.mayTake(table.held.first), self.mayTake(table.held.second))
            await seat.suspend { (mayFirst && first.hasNews) || (maySecond && second.hasNews) }
        }
        outlets.finish()
    }

    @inlinable
    func mayTake(_ held: Int) -> Bool { self.limit.map { held < $0 } ?? true }

    @inlinable
    func keyed<Item: Sendable, Pair>(
        _ envelope: Envelope<Item>,
        _ inlet: Int,
        _ seat: NodeSeat,
        _ take: (Envelope<Item>) throws -> Pair?
    ) throws -> Pair? {
        if seat.passesOver(envelope, at: inlet) { return nil }
        if envelope.item != nil { NodeCounters.count(seat.counters.taken) }
        do {
            return try take(envelope)
        } catch {
            throw seat.failure(error, envelope.lineage)
        }
    }

    @inlinable
    func send(
        _ pair: Envelope<Joined<First, Second>>?,
        _ seat: NodeSeat,
        _ outlets: Outlets<Joined<First, Second>>
    ) async throws {
        guard let pair, pair.item != nil || seat.tellsOfDropped else { return }
        try await outlets.send(pair)
    }

    /// - Throws: when items are left over, and may not be; when neither stream may go on.
    @inlinable
    func check(_ table: JoinTable<First, Second>, _ seat: NodeSeat) throws {
        let unpaired = table.unpaired
        seat.counters.failed.store(unpaired.first + unpaired.second, ordering: .relaxed)
        if self.unpairedPolicy == .fail, let example = unpaired.example {
            throw seat.failure(FlowError.unpaired(unpaired.first, unpaired.second, example))
        }
        guard !self.mayTake(table.held.first), !self.mayTake(table.held.second) else { return }
        throw seat.failure(FlowError.held(table.held.first, table.held.second))
    }
}

extension FlowError {
    /// Items have no other.
    @usableFromInline
    static func unpaired(_ first: Int, _ second: Int, _ example: Lineage) -> FlowError {
        FlowError(
            .unpaired,
            """
            \(first) items of the first stream and \(second) of the second have no other, among them item \(example): \
            mend the key, or let the join drop them
            """
        )
    }

    /// As many items of both streams wait as may be held.
    @usableFromInline
    static func held(_ first: Int, _ second: Int) -> FlowError {
        FlowError(
            .unpaired,
            """
            \(first) items of the first stream and \(second) of the second are held, and no two of them belong \
            together: sort the streams, or give the join a larger maximum size
            """
        )
    }
}

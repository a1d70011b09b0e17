import Synchronization

/// A join at work in a run, in the task of its node.
struct JoinNode<First: Sendable, Second: Sendable>: Sendable {
    let rule: JoinRule<First, Second>
    let unpairedPolicy: UnpairedPolicy
    /// How many items of one stream are held at most; `nil` when both come from one node, which lets neither run ahead
    /// of the other by more than the links between them hold.
    let limit: Int?
    let maximumSize: Int

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

    private func mayTake(_ held: Int) -> Bool { self.limit.map { held < $0 } ?? true }

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

    private func send(
        _ pair: Envelope<Joined<First, Second>>?,
        _ seat: NodeSeat,
        _ outlets: Outlets<Joined<First, Second>>
    ) async throws {
        guard let pair, pair.item != nil || seat.tellsOfDropped else { return }
        try await outlets.send(pair)
    }

    /// - Throws: when items are left over, and may not be; when neither stream may go on.
    func check(_ table: JoinTable<First, Second>, _ seat: NodeSeat) throws {
        let (first, second, example) = table.unpaired
        seat.counters.failed.store(first + second, ordering: .relaxed)
        if self.unpairedPolicy == .fail, let example {
            throw seat.failure(
                FlowError(
                    .unpaired,
                    """
                    \(first) items of the first stream and \(second) of the second have no other, among them item \
                    \(example): mend the key, or let the join drop them
                    """
                )
            )
        }
        guard !self.mayTake(table.held.first), !self.mayTake(table.held.second) else { return }
        throw seat.failure(
            FlowError(
                .unpaired,
                """
                \(table.held.first) items of the first stream and \(table.held.second) of the second are held, and no \
                two of them belong together: sort the streams, or give the join a larger maximum size
                """
            )
        )
    }
}

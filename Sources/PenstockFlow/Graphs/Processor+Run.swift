/// A processor at work in a run, in the task of its node.
extension Processor {
    /// Takes items until all links into it have ended, and tells those after it that this was all.
    @inlinable
    func run(_ seat: NodeSeat) async throws {
        let outlets = Outlets<Output>(0, of: seat)
        let failures = Outlets<FailedItem<Input>>(1, of: seat)
        if self.workers > 1 {
            try await self.runWorkers(seat, outlets, failures)
        } else {
            try await self.runAlone(seat, outlets, failures)
        }
        outlets.finish()
        failures.finish()
    }

    @inlinable
    func runAlone(
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ failures: Outlets<FailedItem<Input>>
    ) async throws {
        var inlet = seat.inlet(0, of: Input.self)
        // What was put for an item that fails after that is taken back, unless the run fails with it.
        let isDirect = self.errorPolicy == .fail
        while let envelope = try await inlet.next(seat) {
            if seat.passesOver(envelope) { continue }
            if isDirect, let item = envelope.item {
                switch self.body {
                case .one(let body): try await self.pass(item, envelope.lineage, seat, outlets, body)
                case .many(let body): try await self.pass(item, envelope.lineage, seat, outlets, body)
                }
            } else {
                try await self.send(self.work(envelope, seat), seat, outlets, failures)
            }
        }
    }

    /// Sends what the body makes of an item.
    @inlinable
    func pass(
        _ item: Input,
        _ lineage: Lineage,
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ body: One
    ) async throws {
        NodeCounters.count(seat.counters.taken)
        do {
            let envelope = Envelope(try await body(item, seat.context), lineage)
            if !outlets.sendIfRoom(envelope) { try await outlets.wait(with: envelope) }
        } catch {
            throw seat.failure(error, lineage)
        }
    }

    /// Has the body put straight into the links.
    @inlinable
    func pass(
        _ item: Input,
        _ lineage: Lineage,
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ body: Many
    ) async throws {
        NodeCounters.count(seat.counters.taken)
        var count = 0
        do {
            try await body(item, seat.context) { output in
                try await outlets.send(Envelope(output, seat.isJoined ? lineage.child(count) : lineage))
                count += 1
            }
        } catch {
            throw seat.failure(error, lineage)
        }
        if count == 0, seat.tellsOfDropped { try await outlets.send(Envelope(nil, lineage)) }
    }

    /// Has the body make what it makes of an item, and keeps it.
    @inlinable
    func work(_ envelope: Envelope<Input>, _ seat: NodeSeat) async -> WorkResult<Input, Output> {
        var result = WorkResult<Input, Output>(envelope)
        guard let item = envelope.item else { return result }
        do {
            switch self.body {
            case .one(let body):
                result.outputs = [Envelope(try await body(item, seat.context), envelope.lineage)]
            case .many(let body):
                try await body(item, seat.context) { output in
                    // Nobody looks at it where no join comes after.
                    let lineage = seat.isJoined ? envelope.lineage.child(result.outputs.count) : envelope.lineage
                    result.outputs.append(Envelope(output, lineage))
                }
            }
        } catch {
            result.outputs = []
            result.error = error
        }
        return result
    }

    /// Sends what was made of an item, or does what the policy says.
    @inlinable
    func send(
        _ result: WorkResult<Input, Output>,
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ failures: Outlets<FailedItem<Input>>
    ) async throws {
        let lineage = result.envelope.lineage
        if let item = result.envelope.item {
            NodeCounters.count(seat.counters.taken)
            if let error = result.error {
                if self.errorPolicy == .fail || error is CancellationError { throw seat.failure(error, lineage) }
                seat.counters.lost(isSentOn: self.errorPolicy == .route)
                let failed = FailedItem(node: self.name, item: item, lineage: lineage, error: error)
                try await failures.send(Envelope(failed, lineage))
            }
        }
        for output in result.outputs { try await outlets.send(output) }
        if result.outputs.isEmpty, seat.tellsOfDropped { try await outlets.send(Envelope(nil, lineage)) }
    }
}

/// What a processor has made of an item.
@usableFromInline
struct WorkResult<Input: Sendable, Output: Sendable>: Sendable {
    @usableFromInline
    let envelope: Envelope<Input>
    @usableFromInline
    var outputs: [Envelope<Output>] = []
    @usableFromInline
    var error: (any Error)?

    @inlinable
    init(_ envelope: Envelope<Input>) {
        self.envelope = envelope
    }
}

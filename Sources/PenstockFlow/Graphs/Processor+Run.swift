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
        while !inlet.hasEnded {
            // What was put for an item that fails after that is taken back, unless the run fails with it.
            switch self.errorPolicy == .fail ? self.body : nil {
            case .plain(let body):
                switch try self.passMany(&inlet, seat, outlets, body) {
                case .nothingLeft: break
                case .noRoom(let owed):
                    try await outlets.wait(with: owed)
                    continue
                case .turnIsOver:
                    _ = await FlowExecutor.giveWay()
                    continue
                }
            case .one(let body):
                while let envelope = try inlet.takeIfReady(seat.interruption) {
                    guard let item = envelope.item else {
                        try await self.passOver(envelope, seat, outlets)
                        continue
                    }
                    try await self.pass(item, envelope.lineage, seat, outlets, body)
                }
            case .many(let body):
                while let envelope = try inlet.takeIfReady(seat.interruption) {
                    guard let item = envelope.item else {
                        try await self.passOver(envelope, seat, outlets)
                        continue
                    }
                    try await self.pass(item, envelope.lineage, seat, outlets, body)
                }
            case nil:
                while let envelope = try inlet.takeIfReady(seat.interruption) {
                    if seat.passesOver(envelope) { continue }
                    try await self.send(self.work(envelope, seat), seat, outlets, failures)
                }
            }
            if !inlet.hasEnded { await inlet.suspend(seat) }
        }
    }

    /// Sends what the body makes of the items that are there, without a point at which the task could be suspended.
    @inlinable
    func passMany(
        _ inlet: inout Inlet<Envelope<Input>>,
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ body: Plain
    ) throws -> PassEnd<Output> {
        // Others have their turn too, however much there is to do here.
        for _ in 0..<4096 {
            guard let envelope = try inlet.takeIfReady(seat.interruption) else { return .nothingLeft }
            var output: Output?
            if let item = envelope.item {
                NodeCounters.count(seat.counters.taken)
                do { output = try body(item) } catch { throw seat.failure(error, envelope.lineage) }
            } else if !seat.tellsOfDropped || seat.passesOver(envelope) {
                continue
            }
            let result = Envelope(output, envelope.lineage)
            if !outlets.sendIfRoom(result) { return .noRoom(result) }
        }
        return .turnIsOver
    }

    /// Passes on word of an item that was dropped before, if somebody waits for it.
    @inlinable
    func passOver(_ envelope: Envelope<Input>, _ seat: NodeSeat, _ outlets: Outlets<Output>) async throws {
        guard seat.tellsOfDropped, !seat.passesOver(envelope) else { return }
        try await outlets.send(Envelope(nil, envelope.lineage))
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
            case .plain(let body): result.outputs = [Envelope(try body(item), envelope.lineage)]
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
                // What is dropped goes nowhere, and does not count as put.
                if self.errorPolicy == .route {
                    let failed = FailedItem(node: self.name, item: item, lineage: lineage, error: error)
                    try await failures.send(Envelope(failed, lineage))
                }
            }
        }
        for output in result.outputs { try await outlets.send(output) }
        if result.outputs.isEmpty, seat.tellsOfDropped { try await outlets.send(Envelope(nil, lineage)) }
    }
}

/// Why a processor does not go on at once.
@usableFromInline
enum PassEnd<Output: Sendable> {
    /// No item is there.
    case nothingLeft
    /// There is no room for this one everywhere.
    case noRoom(Envelope<Output>)
    /// It has had a long turn.
    case turnIsOver
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

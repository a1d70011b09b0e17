import Synchronization

/// A processor that works on several items at once.
extension Processor {
    @usableFromInline
    func runWorkers(
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ failures: Outlets<FailedItem<Input>>
    ) async throws {
        let board = WorkBoard<Input, Output>(isOrdered: self.isOrdered)
        var inlet = seat.inlet(0, of: Input.self)
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                while let result = board.takeNext() { try await self.send(result, seat, outlets, failures) }
                if board.underWay == self.workers || inlet.hasEnded {
                    if board.underWay == 0 { return }
                    await seat.suspend { board.hasNext }
                    if seat.interruption.isSet { throw seat.interruption.stop }
                } else if let envelope = try inlet.takeIfReady(seat.interruption) {
                    if seat.passesOver(envelope) { continue }
                    let place = board.begin()
                    group.addTask {
                        board.end(place, await self.work(envelope, seat))
                        seat.bell.ring()
                    }
                } else if !inlet.hasEnded {
                    await inlet.suspend(seat) { board.hasNext }
                }
            }
        }
    }
}

/// What the workers of a processor have finished, and who may be sent next.
///
/// Whoever has begun and was not sent is under way, so that no more items are kept than there are workers.
final class WorkBoard<Input: Sendable, Output: Sendable>: Sendable {
    private struct State {
        var finished: [Int: WorkResult<Input, Output>] = [:]
        /// The places of those that are finished, in the order in which they were.
        var order: [Int] = []
        var begun = 0
        var sent = 0
    }

    private let isOrdered: Bool
    private let state = Mutex(State())

    init(isOrdered: Bool) {
        self.isOrdered = isOrdered
    }

    /// How many items were begun and not yet taken to be sent.
    var underWay: Int { self.state.withLock { $0.begun - $0.sent } }

    /// Whether somebody may be sent.
    var hasNext: Bool {
        self.state.withLock { self.isOrdered ? $0.finished[$0.sent] != nil : !$0.order.isEmpty }
    }

    /// Takes a place, in the order in which the items came.
    func begin() -> Int {
        self.state.withLock { state in
            defer { state.begun += 1 }
            return state.begun
        }
    }

    func end(_ place: Int, _ result: WorkResult<Input, Output>) {
        self.state.withLock { state in
            state.finished[place] = result
            if !self.isOrdered { state.order.append(place) }
        }
    }

    /// Takes the one that may be sent next.
    func takeNext() -> WorkResult<Input, Output>? {
        self.state.withLock { state in
            let place: Int? = self.isOrdered ? state.sent : state.order.isEmpty ? nil : state.order.removeFirst()
            guard let place, let result = state.finished.removeValue(forKey: place) else { return nil }
            state.sent += 1
            return result
        }
    }
}

public import Synchronization

/// A processor that works on several items at once.
extension Processor {
    @inlinable
    func runWorkers(
        _ seat: NodeSeat,
        _ outlets: Outlets<Output>,
        _ failures: Outlets<FailedItem<Input>>
    ) async throws {
        let board = WorkBoard<Input, Output>(workers: self.workers, isOrdered: self.isOrdered)
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
@usableFromInline
final class WorkBoard<Input: Sendable, Output: Sendable>: Sendable {
    @usableFromInline
    struct State {
        /// What is finished, each in the slot in which it began.
        @usableFromInline
        var finished: [WorkResult<Input, Output>?]
        /// The slots of those that are finished, in the order in which they were; unless they are sent as they began.
        @usableFromInline
        var order: [Int] = []
        /// The slots in which nobody is under way, where that is not the next one.
        @usableFromInline
        var free: [Int]
        @usableFromInline
        var begun = 0
        @usableFromInline
        var sent = 0

        @inlinable
        init(_ workers: Int) {
            self.finished = Array(repeating: nil, count: workers)
            self.free = Array(0..<workers)
        }
    }

    @usableFromInline
    let isOrdered: Bool
    @usableFromInline
    let workers: Int
    @usableFromInline
    let state: Mutex<State>

    @inlinable
    init(workers: Int, isOrdered: Bool) {
        (self.workers, self.isOrdered) = (workers, isOrdered)
        self.state = Mutex(State(workers))
    }

    /// How many items were begun and not yet taken to be sent.
    @inlinable
    var underWay: Int { self.state.withLock { $0.begun - $0.sent } }

    /// Whether somebody may be sent.
    @inlinable
    var hasNext: Bool {
        self.state.withLock { state in
            self.isOrdered ? state.finished[state.sent % self.workers] != nil : !state.order.isEmpty
        }
    }

    /// Takes a slot for an item; there is one as long as fewer are under way than there are workers.
    @inlinable
    func begin() -> Int {
        self.state.withLock { state in
            defer { state.begun += 1 }
            return self.isOrdered ? state.begun % self.workers : state.free.removeLast()
        }
    }

    @inlinable
    func end(_ slot: Int, _ result: WorkResult<Input, Output>) {
        self.state.withLock { state in
            state.finished[slot] = result
            if !self.isOrdered { state.order.append(slot) }
        }
    }

    /// Takes the one that may be sent next.
    @inlinable
    func takeNext() -> WorkResult<Input, Output>? {
        self.state.withLock { state in
            guard !self.isOrdered || state.finished[state.sent % self.workers] != nil else { return nil }
            guard self.isOrdered || !state.order.isEmpty else { return nil }
            let slot = self.isOrdered ? state.sent % self.workers : state.order.removeFirst()
            state.sent += 1
            if !self.isOrdered { state.free.append(slot) }
            return state.finished[slot].take()
        }
    }
}

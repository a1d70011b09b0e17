import Synchronization

/// How many items of one pipeline may be worked on at once.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        self.state = Mutex(State(free: count))
    }

    /// Waits until a slot is free, and takes all that are, up to `limit`; 0 when closed.
    ///
    /// One task at a time may wait.
    func take(upTo limit: Int) async -> Int {
        while true {
            let taken: Int? = self.state.withLock { state in
                if state.isClosed { return 0 }
                guard state.free > 0 else { return nil }
                let taken = min(state.free, limit)
                state.free -= taken
                return taken
            }
            if let taken { return taken }
            await withCheckedContinuation { continuation in
                let mustWait = self.state.withLock { state in
                    guard state.free == 0, !state.isClosed else { return false }
                    state.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    /// Gives slots back.
    func give(_ count: Int) {
        guard count > 0 else { return }
        self.wake { $0.free += count }
    }

    /// Lets nobody wait any more.
    func close() {
        self.wake { $0.isClosed = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = self.state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}

/// The right to work on one item; giving it back twice does nothing.
package final class Slot: Sendable {
    private let slots: Slots
    private let isTaken = Atomic(true)

    init(of slots: Slots) {
        self.slots = slots
    }

    /// Gives the slot back.
    func release() {
        if self.isTaken.exchange(false, ordering: .relaxed) { self.slots.give(1) }
    }
}

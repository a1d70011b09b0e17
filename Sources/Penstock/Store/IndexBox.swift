import Synchronization

/// The index, those who wait for what it has, and their one lock, shared by a store and the applier of its group.
package final class IndexBox: Sendable {
    private struct State {
        var index: QueueIndex
        var reservers = Reservers()
    }

    private let state: Mutex<State>

    init(_ index: consuming QueueIndex) {
        self.state = Mutex(State(index: index))
    }

    func withLock<Result>(_ body: (inout QueueIndex) -> sending Result) -> sending Result {
        self.state.withLock { body(&$0.index) }
    }

    func withReservers<Result>(
        _ body: (inout QueueIndex, inout Reservers) -> sending Result
    ) -> sending Result {
        self.state.withLock { body(&$0.index, &$0.reservers) }
    }
}

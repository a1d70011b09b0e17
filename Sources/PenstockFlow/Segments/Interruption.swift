public import Synchronization

/// Whether a pipeline is to end before its time, and why.
@usableFromInline
final class Interruption: Sendable {
    private struct State {
        var reason = ""
        var bells: [Bell] = []
    }

    @usableFromInline
    let flag = Atomic(false)
    private let state = Mutex(State())

    @inlinable
    var isSet: Bool { self.flag.load(ordering: .relaxed) }
    var reason: String { self.state.withLock { $0.reason } }

    /// What a segment throws that is interrupted.
    @usableFromInline
    var stop: any Error { SegmentStopped(reason: self.reason) }

    /// Has somebody told who may sleep.
    func add(_ bell: Bell) {
        self.state.withLock { $0.bells.append(bell) }
        if self.isSet { bell.ring() }
    }

    /// Interrupts everybody; the first reason counts.
    func interrupt(_ reason: String) {
        let bells = self.state.withLock { state in
            if !self.isSet { state.reason = reason }
            self.flag.store(true, ordering: .releasing)
            return state.bells
        }
        for bell in bells { bell.ring() }
    }
}

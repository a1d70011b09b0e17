import Synchronization

/// Calls a closure when the soonest of the times it was told has come.
///
/// It sleeps at most a minute at a time, so that a wall clock that was set is noticed within a minute.
package final class Alarm: Sendable {
    private struct State {
        /// By the clock that does not jump.
        var next: Duration?
        var sleeper: Task<Void, Never>?
        var isClosed = false
    }

    private let environment: RuntimeEnvironment
    private let ring: @Sendable () -> Void
    private let state = Mutex(State())

    package init(_ environment: RuntimeEnvironment, ring: @escaping @Sendable () -> Void) {
        self.environment = environment
        self.ring = ring
    }

    /// Asks to be called in `delay`, or sooner if that was asked for already.
    package func set(in delay: Duration) {
        let delay = min(max(delay, .zero), .seconds(60))
        let time = self.environment.clock.uptime + delay
        self.state.withLock { state in
            guard !state.isClosed else { return }
            if let next = state.next, next <= time { return }
            state.next = time
            state.sleeper?.cancel()
            state.sleeper = self.environment.task { [weak self] in
                guard let clock = self?.environment.clock else { return }
                // The task may have begun late: what counts is the time that was asked for.
                guard (try? await clock.sleep(for: max(time - clock.uptime, .zero))) != nil else { return }
                self?.wentOff(time)
            }
        }
    }

    private func wentOff(_ time: Duration) {
        let isDue = self.state.withLock { state in
            guard state.next == time, !state.isClosed else { return false }
            state.next = nil
            return true
        }
        if isDue { self.ring() }
    }

    /// Forgets everything and calls nobody again.
    package func close() {
        self.state.withLock { state in
            state.isClosed = true
            state.sleeper?.cancel()
        }
    }
}

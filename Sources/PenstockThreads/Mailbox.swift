import Dispatch
import Synchronization

/// The jobs that wait for a thread which has a `Context` of its own.
package final class Mailbox<Context>: Sendable {
    /// What the thread is to do with what it has.
    package typealias Job = @Sendable (Context) -> Void

    /// What the thread does next.
    package enum Next {
        /// It does these, in this order.
        case jobs([Job])
        /// There is nothing to do just now.
        case idle
        /// It ends.
        case stop
    }

    private struct State {
        var jobs: [Job] = []
        var isAsleep = false
        var isStopping = false
        var isStopped = false
        var stoppers: [CheckedContinuation<Void, Never>] = []

        /// Whether the thread sleeps and has to be woken.
        mutating func wake() -> Bool {
            defer { self.isAsleep = false }
            return self.isAsleep
        }
    }

    private let state = Mutex(State())
    private let alarm = DispatchSemaphore(value: 0)

    /// Makes an empty one.
    package init() {}

    /// Adds a job, and wakes the thread only if it sleeps.
    /// - Returns: `false` when the thread is stopping; the job will not run.
    package func add(_ job: @escaping Job) -> Bool {
        let (mustWake, isAccepted) = self.state.withLock { state in
            guard !state.isStopping else { return (false, false) }
            state.jobs.append(job)
            return (state.wake(), true)
        }
        if mustWake { self.alarm.signal() }
        return isAccepted
    }

    /// Takes all the jobs there are, waiting for the first if the thread may sleep.
    package func next(maySleep: Bool) -> Next {
        while true {
            let next: Next? = self.state.withLock { state in
                if !state.jobs.isEmpty {
                    defer { state.jobs = [] }
                    return .jobs(state.jobs)
                }
                if state.isStopping { return .stop }
                if !maySleep { return .idle }
                state.isAsleep = true
                return nil
            }
            if let next { return next }
            self.alarm.wait()
        }
    }

    /// Asks the thread to end after the jobs it has.
    package func stop(_ stopper: CheckedContinuation<Void, Never>? = nil) {
        let (mustWake, isOver) = self.state.withLock { state in
            state.isStopping = true
            if state.isStopped { return (false, true) }
            if let stopper { state.stoppers.append(stopper) }
            return (state.wake(), false)
        }
        if mustWake { self.alarm.signal() }
        if isOver { stopper?.resume() }
    }

    /// The thread has ended.
    package func stopped() {
        let stoppers = self.state.withLock { state in
            state.isStopping = true
            state.isStopped = true
            defer { state.stoppers = [] }
            return state.stoppers
        }
        for stopper in stoppers { stopper.resume() }
    }
}

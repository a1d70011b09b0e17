public import Penstock
import Synchronization

/// A clock that stands still until a test moves it.
///
/// Its two times are apart, as they are on a machine: ``advance(by:)`` moves both, and setting ``now`` is somebody who
/// sets the wall clock, which wakes nobody and ends no lease.
public final class ManualClock: PenstockClock {
    private struct Sleeper {
        let end: Duration
        let duration: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct Watcher {
        let isMet: @Sendable ([Duration]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Timestamp
        var uptime: Duration = .zero
        var sleepers: [UInt64: Sleeper] = [:]
        var watchers: [Watcher] = []
        var last: UInt64 = 0
        /// Sleeps that were cancelled while they were not among the sleepers.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    /// Makes a clock that shows `now`.
    public init(now: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) {
        self.state = Mutex(State(now: now))
    }

    /// The wall clock; set it to jump without time passing.
    public var now: Timestamp {
        get { self.state.withLock { $0.now } }
        set { self.state.withLock { $0.now = newValue } }
    }

    /// The time that has passed since the clock was made.
    public var uptime: Duration { self.state.withLock { $0.uptime } }

    /// How many tasks sleep.
    public var sleepers: Int { self.state.withLock { $0.sleepers.count } }

    /// When the next sleeper wakes, by ``uptime``; `nil` when nobody sleeps.
    public var nextWakeUp: Duration? { self.state.withLock { $0.sleepers.values.map(\.end).min() } }

    /// Waits until somebody has moved the clock by `duration`.
    public func sleep(for duration: Duration) async throws {
        let number = self.state.withLock { state in
            state.last += 1
            return state.last
        }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in self.enter(number, duration, continuation) }
        } onCancel: {
            self.cancel(number)
        }
        // The note of a cancellation that came after the waking.
        self.state.withLock { _ = $0.cancelled.remove(number) }
        guard isOver else { throw CancellationError() }
    }

    private func enter(_ number: UInt64, _ duration: Duration, _ continuation: CheckedContinuation<Bool, Never>) {
        let (result, met): (Bool?, [Watcher]) = self.state.withLock { state in
            if state.cancelled.remove(number) != nil || Task.isCancelled { return (false, []) }
            guard duration > .zero else { return (true, []) }
            state.sleepers[number] = Sleeper(
                end: state.uptime + duration,
                duration: duration,
                continuation: continuation
            )
            return (nil, Self.takeMet(&state))
        }
        if let result { continuation.resume(returning: result) }
        for watcher in met { watcher.continuation.resume() }
    }

    private func cancel(_ number: UInt64) {
        let sleeper = self.state.withLock { state in
            let sleeper = state.sleepers.removeValue(forKey: number)
            if sleeper == nil { state.cancelled.insert(number) }
            return sleeper
        }
        sleeper?.continuation.resume(returning: false)
    }

    /// Moves both times on, and wakes those whose time has come, in the order in which it came.
    public func advance(by duration: Duration) {
        let end = self.uptime + duration
        while let sleeper = self.nextToWake(before: end) { sleeper.continuation.resume(returning: true) }
        self.state.withLock { Self.move(&$0, to: end) }
    }

    /// Moves both times to the next wake-up, and wakes whoever it is meant for.
    /// - Returns: whether somebody slept.
    public func advanceToNextWakeUp() -> Bool {
        guard let next = self.nextWakeUp else { return false }
        self.advance(by: next - self.uptime)
        return true
    }

    private func nextToWake(before end: Duration) -> Sleeper? {
        self.state.withLock { state in
            let first = state.sleepers.min { ($0.value.end, $0.key) < ($1.value.end, $1.key) }
            guard let (number, sleeper) = first, sleeper.end <= end else { return nil }
            state.sleepers[number] = nil
            Self.move(&state, to: sleeper.end)
            return sleeper
        }
    }

    private static func move(_ state: inout State, to uptime: Duration) {
        guard uptime > state.uptime else { return }
        state.now = state.now + (uptime - state.uptime)
        state.uptime = uptime
    }

    // MARK: Watching

    /// Waits until at least `count` tasks sleep.
    public func sleeping(atLeast count: Int) async {
        await self.sleeping { $0.count >= count }
    }

    /// Waits until a task sleeps that asked to sleep for `duration`.
    public func sleeping(for duration: Duration) async {
        await self.sleeping { $0.contains(duration) }
    }

    private func sleeping(until isMet: @escaping @Sendable ([Duration]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let met = self.state.withLock { state in
                state.watchers.append(Watcher(isMet: isMet, continuation: continuation))
                return Self.takeMet(&state)
            }
            for watcher in met { watcher.continuation.resume() }
        }
    }

    private static func takeMet(_ state: inout State) -> [Watcher] {
        let durations = state.sleepers.values.map(\.duration)
        let met = state.watchers.filter { $0.isMet(durations) }
        if !met.isEmpty { state.watchers.removeAll { $0.isMet(durations) } }
        return met
    }
}

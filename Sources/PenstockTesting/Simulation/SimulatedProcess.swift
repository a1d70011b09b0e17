public import Penstock
import Synchronization

/// One process of a simulated world, from its start to its end.
///
/// A process that has died goes on computing where nobody sees it: nothing that it does reaches a disk, a server or
/// anybody else. Whoever counts effects asks ``isAlive`` first.
public final class SimulatedProcess: Sendable {
    /// How a process has ended.
    enum Ending {
        /// Its work was done.
        case done
        /// It has died, or was told to end.
        case gone
        /// Something that it could not mend.
        case failed(any Error)
    }

    private struct State {
        var isAlive = true
        var pausedUntil: Duration?
        var task: Task<Void, Never>?
        var store: (any Store)?
        var ending: Ending?
    }

    /// Its name in reports: which one it is, and how often it was started.
    public let name: String
    /// What to give to stores and engines.
    public let environment: RuntimeEnvironment

    let clock: SimulatedClock
    private let scheduler: SeededScheduler
    private let lane: SeededScheduler.Lane
    private let onDeath: @Sendable (SimulatedProcess) -> Void
    private let state = Mutex(State())

    init(
        _ name: String,
        seed: UInt64,
        clock: SimulatedClock,
        scheduler: SeededScheduler,
        notices: NoticeLog,
        onDeath: @escaping @Sendable (SimulatedProcess) -> Void
    ) {
        self.name = name
        self.clock = clock
        self.scheduler = scheduler
        self.lane = scheduler.lane()
        self.onDeath = onDeath
        self.environment = RuntimeEnvironment(
            clock: self.clock,
            entropy: SeededEntropy(seed: seed),
            scheduler: self.lane,
            report: { notices.add(Notice($0.level, "\(name): \($0.message)")) }
        )
    }

    /// Whether it has not died: what a process does after its death has no effects.
    public var isAlive: Bool { self.state.withLock { $0.isAlive } }

    var isPaused: Bool { self.state.withLock { $0.pausedUntil != nil } }
    var ending: Ending? { self.state.withLock { $0.ending } }

    /// Adds something that happened to the trace of the world.
    func note(_ event: UInt64) { self.scheduler.note(event) }

    /// Begins its life.
    func live(_ body: @escaping @Sendable () async -> Ending) {
        let task = self.environment.task { self.ended(await body()) }
        self.state.withLock { $0.task = task }
    }

    private func ended(_ ending: Ending) {
        self.state.withLock { state in
            if state.ending == nil { state.ending = ending }
        }
    }

    /// The store that it has open, to be closed when it dies.
    func opened(_ store: any Store) {
        self.state.withLock { state in
            if state.isAlive { state.store = store }
        }
    }

    /// Ends it at once.
    func die() {
        let wasAlive = self.state.withLock { state in
            defer { (state.isAlive, state.ending) = (false, state.ending ?? .gone) }
            return state.isAlive
        }
        guard wasAlive else { return }
        self.resume()
        self.onDeath(self)
        // A store keeps its process, so the process may not keep its store when both have ended.
        let (store, task) = self.state.withLock { state in
            defer { (state.store, state.task) = (nil, nil) }
            return (state.store, state.task)
        }
        task?.cancel()
        // What waits in it finds out that there is nothing to wait for.
        if let store { self.environment.task { await store.close() } }
    }

    /// Asks it to end in good order.
    func stop() {
        self.state.withLock { $0.task }?.cancel()
    }

    /// Holds it up, until a time of the world's.
    func pause(until end: Duration) {
        self.state.withLock { $0.pausedUntil = end }
        self.scheduler.holdUp(self.lane)
    }

    /// Lets it go on.
    func resume() {
        self.state.withLock { $0.pausedUntil = nil }
        self.scheduler.letGo(self.lane)
    }

    /// When a pause is over; `nil` when it is not paused.
    var pauseEnds: Duration? { self.state.withLock { $0.pausedUntil } }
}

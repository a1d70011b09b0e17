import CLinux
import Dispatch
import PenstockThreads
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs tasks that send to one another, so that to hand an item over takes less than a microsecond.
///
/// A task that is resumed stays with the thread that resumed it, where the item is in the cache already, and one that
/// waits at a link gives way to the others of its thread some times before it sleeps. Threads that have nothing to do
/// take from those that have too much, and sleep otherwise. As with every executor of tasks, a task that blocks its
/// thread keeps others from running. Priorities are not looked at: tasks have their turn in the order in which they
/// came.
///
/// ```swift
/// await withTaskExecutorPreference(FlowExecutor.shared) {
///     await withTaskGroup { group in
///         group.addTask { await produce(into: link) }
///         group.addTask { await consume(from: link) }
///     }
/// }
/// ```
public final class FlowExecutor: TaskExecutor {
    /// One with a thread for each core, which is made when it is first asked for and stays.
    public static let shared = FlowExecutor(threads: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    private let pool: FlowPool

    /// Makes an executor; its threads end with it.
    ///
    /// - Parameter threads: How many threads it has; at least one.
    public init(threads: Int) {
        precondition(threads > 0, "an executor has one thread at least")
        let pool = FlowPool(threads)
        self.pool = pool
        let executor = unsafe self.asUnownedTaskExecutor()
        let started = pool.workers.count { worker in
            SystemThread.start("flow \(worker.place)") { unsafe worker.main(pool, executor) } == 0
        }
        precondition(started == threads, "no threads can be started any more")
    }

    deinit {
        self.pool.stop()
    }

    /// Has the job run by the thread that calls, if that is one of its own, and by any of its own otherwise.
    public func enqueue(_ job: consuming ExecutorJob) {
        self.pool.add(UnownedJob(job))
    }

    /// Lets other tasks of this thread run before the one that calls.
    /// - Returns: `false` when there are none, or the thread is no executor's of this kind; then nothing has happened.
    @usableFromInline
    static func giveWay() async -> Bool {
        guard FlowWorker.isCrowded else { return false }
        await unsafe withUnsafeContinuation { unsafe FlowWorker.giveWay($0) }
        return true
    }
}

/// The threads of an executor, and what none of them has taken yet.
final class FlowPool: Sendable {
    let workers: [FlowWorker]

    private struct State {
        /// What came from elsewhere.
        var jobs = Fifo<UnownedJob>()
        /// Who sleeps, or is about to.
        var idle: [FlowWorker] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    /// How many there are in `idle`.
    private let idleCount = Atomic(0)
    /// Whether one of those who sleep looks from time to time whether somebody else is stuck.
    private let isWatched = Atomic(false)

    init(_ threads: Int) {
        self.workers = (0..<threads).map { FlowWorker($0) }
    }

    /// Takes a job in.
    func add(_ job: UnownedJob) {
        if let waiting = FlowWorker.push(job, of: self) {
            // One job is about to have its turn here, and needs a witness only; of more somebody else can have one.
            if waiting > 1 || (waiting == 1 && !self.isWatched.load(ordering: .relaxed)) { self.wakeOne() }
        } else {
            self.state.withLock { $0.jobs.append(job) }
            self.wakeOne()
        }
    }

    /// Has all threads end once they have nothing to do.
    func stop() {
        let idle = self.state.withLock { state in
            state.isStopped = true
            defer { state.idle = [] }
            return state.idle
        }
        for worker in idle { worker.semaphore.signal() }
    }

    /// The next job that came from elsewhere.
    func take() -> UnownedJob? {
        self.state.withLock { $0.jobs.popFirst() }
    }

    /// Takes a job from another worker; from one that is stuck also what has given way there.
    func steal(for thief: FlowWorker, unlessRan runs: [Int] = []) -> FlowWorker.Work? {
        for offset in 1..<max(self.workers.count, 1) {
            let place = (thief.place + offset) % self.workers.count
            let isStuck = !runs.isEmpty && runs[place] == self.workers[place].runs
            if let work = self.workers[place].giveAway(isStuck: isStuck) { return work }
        }
        return nil
    }

    /// Sleeps until there is something to do.
    ///
    /// Whoever adds a job wakes somebody if anybody is on the list by then; whoever goes on the list looks once more
    /// at every queue. The locks of the queues put the two in an order, so that one of them sees the other.
    /// - Returns: what there is, or `.none` to look again; `nil` when all is over.
    func idle(_ worker: FlowWorker) -> FlowWorker.Work? {
        let (job, isStopped) = self.state.withLock { state -> (UnownedJob?, Bool) in
            if let job = state.jobs.popFirst() { return (job, false) }
            if state.isStopped { return (nil, true) }
            state.idle.append(worker)
            self.idleCount.add(1, ordering: .relaxed)
            return (nil, false)
        }
        if let job { return .job(job) }
        if isStopped { return nil }
        var runs: [Int] = []
        while true {
            if let work = self.steal(for: worker, unlessRan: runs) {
                self.leave(worker)
                return work
            }
            // With nobody at work nobody can be stuck, and all sleep without a limit.
            let isWatcher =
                self.idleCount.load(ordering: .relaxed) < self.workers.count
                && !self.isWatched.exchange(true, ordering: .relaxed)
            guard isWatcher else {
                worker.semaphore.wait()
                return FlowWorker.Work.none
            }
            runs = self.workers.map(\.runs)
            let result = worker.semaphore.wait(timeout: .now() + .milliseconds(1))
            self.isWatched.store(false, ordering: .relaxed)
            if result == .success { return FlowWorker.Work.none }
        }
    }

    /// Takes a worker off the list of those who sleep; it has found work, and leaves the watch to another one.
    private func leave(_ worker: FlowWorker) {
        let wasListed = self.state.withLock { state in
            guard let place = state.idle.firstIndex(where: { $0 === worker }) else { return false }
            state.idle.remove(at: place)
            self.idleCount.subtract(1, ordering: .relaxed)
            return true
        }
        // Who took it off the list has rung, or is about to.
        if !wasListed { worker.semaphore.wait() }
        self.wakeOne()
    }

    /// Wakes one of those who sleep, if there are any.
    private func wakeOne() {
        guard self.idleCount.load(ordering: .relaxed) > 0 else { return }
        let worker = self.state.withLock { state in
            let worker = state.idle.popLast()
            if worker != nil { self.idleCount.subtract(1, ordering: .relaxed) }
            return worker
        }
        worker?.semaphore.signal()
    }
}

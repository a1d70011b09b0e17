import CLinux
import Dispatch
import Synchronization

/// One thread of an executor, and the tasks that it has.
///
/// It is unchecked because of what only its own thread touches.
@safe
final class FlowWorker: @unchecked Sendable {  // `pool`, `resumed` and `isResuming` belong to its thread.
    /// Something to do.
    @safe
    enum Work {
        /// A job of a task.
        case job(UnownedJob)
        /// A task that has given way; to resume it brings its job.
        case task(UnsafeContinuation<Void, Never>)
        /// Nothing, but it is worth to look again.
        case none
    }

    @safe
    private struct Queues {
        var ready = Fifo<UnownedJob>()
        var yielded = unsafe Fifo<UnsafeContinuation<Void, Never>>()
    }

    let place: Int
    let semaphore = DispatchSemaphore(value: 0)
    private let queues = Mutex(Queues())
    private let runCount = Atomic(0)
    private unowned(unsafe) var pool: FlowPool?
    /// The job of the task that is resumed after it has given way.
    private var resumed: UnownedJob?
    private var isResuming = false

    /// After how many jobs those that have given way have their turn, and those that came from elsewhere.
    private static let turn = 16

    init(_ place: Int) {
        self.place = place
    }

    /// How many jobs it has run; who sees the same number twice may take it for stuck.
    var runs: Int { self.runCount.load(ordering: .relaxed) }

    // MARK: Its thread

    /// What the thread does.
    func main(_ pool: FlowPool, _ executor: UnownedTaskExecutor) {
        unsafe self.pool = pool
        unsafe clinux_set_thread_value(Unmanaged.passUnretained(self).toOpaque())
        var turn = 0
        while let work = self.next(pool, turn) {
            turn = (turn + 1) % Self.turn
            self.runCount.store(self.runs &+ 1, ordering: .relaxed)
            switch work {
            case .none: break
            case .job(let job): unsafe job.runSynchronously(on: executor)
            case .task(let task):
                self.isResuming = true
                unsafe task.resume()
                self.isResuming = false
                // If its job is not here, somebody else has it: the task runs on another executor.
                guard let job = self.resumed.take() else { break }
                unsafe job.runSynchronously(on: executor)
            }
        }
        clinux_set_thread_value(nil)
    }

    private func next(_ pool: FlowPool, _ turn: Int) -> Work? {
        if turn == 0, let job = pool.take() { return .job(job) }
        let work = self.queues.withLock { queues -> Work? in
            if turn == 0, let task = unsafe queues.yielded.popFirst() { return unsafe .task(task) }
            if let job = queues.ready.popFirst() { return .job(job) }
            return unsafe queues.yielded.popFirst().map { unsafe .task($0) }
        }
        if let work { return work }
        if let job = pool.take() { return .job(job) }
        return pool.idle(self)
    }

    /// Gives a job to another worker; one that has given way only when this one is stuck.
    func giveAway(isStuck: Bool) -> Work? {
        self.queues.withLock { queues in
            if let job = queues.ready.popFirst() { return .job(job) }
            return isStuck ? unsafe queues.yielded.popFirst().map { unsafe .task($0) } : nil
        }
    }

    // MARK: The thread that calls

    /// Does something with the worker whose thread this is, if it is one's.
    private static func withCurrent<Result>(_ body: (FlowWorker) -> Result) -> Result? {
        guard let pointer = unsafe clinux_thread_value() else { return nil }
        return unsafe Unmanaged<FlowWorker>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0) }
    }

    /// Leaves a job with the worker whose thread this is, if it is one of the pool's.
    /// - Returns: how many jobs wait there; `nil` when it is not.
    static func push(_ job: UnownedJob, of pool: FlowPool) -> Int? {
        self.withCurrent { worker -> Int? in
            guard unsafe worker.pool === pool else { return nil }
            if worker.isResuming, worker.resumed == nil {
                worker.resumed = job
                return 0
            }
            return worker.queues.withLock { queues in
                queues.ready.append(job)
                return queues.ready.count
            }
        } ?? nil
    }

    /// Whether the thread is a worker's that has something else to do.
    static var isCrowded: Bool {
        self.withCurrent { worker in
            worker.queues.withLock { unsafe $0.ready.count + $0.yielded.count > 0 }
        } ?? false
    }

    /// Resumes a task when others have had their turn.
    static func giveWay(_ task: UnsafeContinuation<Void, Never>) {
        let isLeft: Void? = self.withCurrent { worker in
            worker.queues.withLock { unsafe $0.yielded.append(task) }
        }
        // Between the two calls nobody has moved it to another thread, but to lose a task would be too bad.
        if isLeft == nil { unsafe task.resume() }
    }
}

/// A line of things that wait, in the order in which they came.
struct Fifo<Element> {
    private var slots: [Element?] = Array(repeating: nil, count: 8)
    private var first = 0
    private(set) var count = 0

    mutating func append(_ element: Element) {
        if self.count == self.slots.count { self.grow() }
        self.slots[(self.first + self.count) & (self.slots.count - 1)] = element
        self.count += 1
    }

    mutating func popFirst() -> Element? {
        guard self.count > 0 else { return nil }
        let element = self.slots[self.first].take()
        self.first = (self.first + 1) & (self.slots.count - 1)
        self.count -= 1
        return element
    }

    private mutating func grow() {
        let waiting = (0..<self.count).map { self.slots[(self.first + $0) & (self.slots.count - 1)] }
        self.slots = waiting + Array(repeating: nil, count: self.count)
        self.first = 0
    }
}

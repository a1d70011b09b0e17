import Penstock
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where jobs wait until they are told to run, one at a time, in an order that a seed determines.
///
/// Tasks that wait for one another interleave in some way on every machine; here they interleave in the same way
/// whenever the seed is the same, and in another when it is not. Jobs come in through lanes; a lane can be held up, as
/// a process is that the system has stopped.
public final class SeededScheduler: Sendable {
    /// A way into the scheduler, and the executor of the tasks that come in through it.
    public final class Lane: TaskExecutor {
        private let scheduler: SeededScheduler
        let number: Int

        fileprivate init(of scheduler: SeededScheduler, number: Int) {
            self.scheduler = scheduler
            self.number = number
        }

        /// Keeps a job until its turn.
        public func enqueue(_ job: consuming ExecutorJob) {
            self.scheduler.add(UnownedJob(job), from: self)
        }
    }

    private struct Entry {
        let job: UnownedJob
        let lane: Lane
    }

    private struct State {
        var jobs: [Entry] = []
        /// The jobs of lanes that are held up.
        var heldUp: [Int: [Entry]] = [:]
        var lanes = 0
        var generator: SeededGenerator
        var trace = TraceHash()
        var steps = 0
        var strangers = 0
        /// The thread that runs a job just now.
        var runner: pthread_t?
    }

    private let state: Mutex<State>

    /// Makes a scheduler whose order of jobs is determined by `seed`.
    public init(seed: UInt64) {
        self.state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    /// Makes another way in.
    public func lane() -> Lane {
        let number = self.state.withLock { state in
            state.lanes += 1
            return state.lanes
        }
        return Lane(of: self, number: number)
    }

    private func add(_ job: UnownedJob, from lane: Lane) {
        self.state.withLock { state in
            // A job that comes from another thread comes at a time that no seed determines.
            if let runner = state.runner, pthread_equal(runner, pthread_self()) == 0 { state.strangers += 1 }
            let entry = Entry(job: job, lane: lane)
            if state.heldUp[lane.number] != nil {
                state.heldUp[lane.number]?.append(entry)
            } else {
                state.jobs.append(entry)
            }
        }
    }

    /// How many jobs have run.
    public var steps: Int { self.state.withLock { $0.steps } }

    /// How many jobs came from threads of somebody else's: work that has escaped, and whose order no seed determines.
    public var strangers: Int { self.state.withLock { $0.strangers } }

    /// A number that is the same when the same jobs have run in the same order with the same effects.
    public var trace: UInt64 { self.state.withLock { $0.trace.value } }

    /// Adds something that happened to the trace.
    public func note(_ event: UInt64) {
        self.state.withLock { $0.trace.add(event) }
    }

    /// Runs one job in the calling thread.
    /// - Returns: `false` when there is none.
    public func runNext() -> Bool {
        guard let entry = self.takeNext() else { return false }
        unsafe entry.job.runSynchronously(on: entry.lane.asUnownedTaskExecutor())
        self.state.withLock { $0.runner = nil }
        return true
    }

    /// Runs jobs in the calling thread until there are none.
    public func runUntilIdle() {
        while self.runNext() {}
    }

    private func takeNext() -> Entry? {
        self.state.withLock { state in
            guard !state.jobs.isEmpty else { return nil }
            let place = Int.random(in: 0..<state.jobs.count, using: &state.generator)
            // The last takes its place: the order is drawn anyway.
            state.jobs.swapAt(place, state.jobs.count - 1)
            let entry = state.jobs.removeLast()
            state.steps += 1
            state.trace.add(UInt64(place) << 32 | UInt64(entry.lane.number))
            state.runner = pthread_self()
            return entry
        }
    }

    /// Holds up a lane: what comes in through it waits.
    func holdUp(_ lane: Lane) {
        self.state.withLock { state in
            guard state.heldUp[lane.number] == nil else { return }
            state.heldUp[lane.number] = state.jobs.filter { $0.lane === lane }
            state.jobs.removeAll { $0.lane === lane }
        }
    }

    /// Lets a lane go on.
    func letGo(_ lane: Lane) {
        self.state.withLock { state in
            state.jobs += state.heldUp.removeValue(forKey: lane.number) ?? []
        }
    }
}

/// A number that stands for a sequence of numbers.
struct TraceHash {
    private(set) var value: UInt64 = 0x243f_6a88_85a3_08d3

    mutating func add(_ next: UInt64) {
        var mixed = (self.value ^ next) &* 0x9e37_79b9_7f4a_7c15
        mixed ^= mixed >> 29
        self.value = mixed &* 0xbf58_476d_1ce4_e5b9 ^ (mixed >> 32)
    }
}

import CLinux
import Penstock
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What happened between the first item and the last.
struct Lap: Sendable {
    let seconds: Double
    /// What all threads of the process together have taken of the processors.
    let processorSeconds: Double
    /// How often memory was taken from the heap; `nil` where nobody counts.
    let allocations: Int?
    /// How often threads of the process went to sleep, and how often they had to give way.
    let switches: Int
    let preemptions: Int
}

/// Measures from the first item to the last, whichever threads they are in; what comes before and after is left out.
final class Stopwatch: Sendable {
    private struct State {
        var start: ContinuousClock.Instant?
        var usage = rusage()
        var lap: Lap?
    }

    private let state = Mutex(State())

    /// The first item is about to go.
    func start() {
        self.state.withLock { state in
            state.usage = Self.usage()
            clinux_count_allocations(1)
            state.start = ContinuousClock().now
        }
    }

    /// The last item has come.
    func stop() {
        let end = ContinuousClock().now
        clinux_count_allocations(0)
        let usage = Self.usage()
        self.state.withLock { state in
            guard let start = state.start else { return }
            let allocations = clinux_counted_allocations()
            state.lap = Lap(
                // A clock may have seen nothing of so few items.
                seconds: max((end - start).inSeconds, 1e-9),
                processorSeconds: Self.processorSeconds(usage) - Self.processorSeconds(state.usage),
                allocations: allocations < 0 ? nil : allocations,
                switches: usage.ru_nvcsw - state.usage.ru_nvcsw,
                preemptions: usage.ru_nivcsw - state.usage.ru_nivcsw
            )
        }
    }

    /// What was measured.
    /// - Throws: A failure when it was never stopped.
    func lap(_ workload: FlowWorkload) throws -> Lap {
        guard let lap = self.state.withLock({ $0.lap }) else {
            throw CommandFailure(.failure, "\(workload.rawValue) has not come to its end")
        }
        return lap
    }

    private static func processorSeconds(_ usage: rusage) -> Double {
        [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    private static func usage() -> rusage {
        var usage = rusage()
        #if canImport(Glibc)
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
        unsafe getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }
}

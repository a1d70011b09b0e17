import PenstockThreads

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A thread for a measurement, since those of tasks are not to be blocked.
enum BenchThread {
    /// Runs `body` in a thread of its own, and waits for what it comes to.
    static func run<Result: Sendable>(
        _ name: String,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Result, any Error>) in
            let code = SystemThread.start(name) { ended.resume(with: Swift.Result { try body() }) }
            guard code != 0 else { return }
            ended.resume(throwing: CommandFailure(.failure, "no thread could be started (error \(code))"))
        }
    }

    /// Lets other threads run.
    static func giveWay() {
        _ = sched_yield()
    }
}

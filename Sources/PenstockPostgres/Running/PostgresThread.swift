import Penstock
import PenstockThreads

/// A thread of its own for one connection, and what is done over it.
///
/// The context is made on the thread and never leaves it.
final class PostgresThread<Context>: Sendable {
    private let mailbox = Mailbox<Context>()

    /// Starts the thread; `close` is the last that is done with the context.
    init(
        _ name: String,
        open: @escaping @Sendable () throws(PenstockError) -> Context,
        close: @escaping @Sendable (Context) -> Void
    ) async throws(PenstockError) {
        let mailbox = self.mailbox
        let outcome: Result<Void, PenstockError> = await withCheckedContinuation { opened in
            let code = SystemThread.start(name, stack: 1 << 20) {
                defer { mailbox.stopped() }
                let context: Context
                do throws(PenstockError) {
                    context = try open()
                } catch {
                    return opened.resume(returning: .failure(error))
                }
                opened.resume(returning: .success(()))
                while case .jobs(let jobs) = mailbox.next(maySleep: true) {
                    for job in jobs { job(context) }
                }
                close(context)
            }
            guard code != 0 else { return }
            opened.resume(
                returning: .failure(PenstockError(.storeUnavailable, "no thread could be started (error \(code))"))
            )
        }
        try outcome.get()
    }

    deinit {
        self.mailbox.stop()
    }

    /// Runs `job` on the thread, soon; `false` when it is ending.
    func post(_ job: @escaping @Sendable (Context) -> Void) -> Bool { self.mailbox.add(job) }

    /// Runs `body` on the thread and returns what it returns.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (Context) throws(PenstockError) -> Result
    ) async throws(PenstockError) -> Result {
        let result: Swift.Result<Result, PenstockError> = await withCheckedContinuation { continuation in
            let isAccepted = self.post { context in
                do throws(PenstockError) {
                    continuation.resume(returning: .success(try body(context)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !isAccepted {
                continuation.resume(returning: .failure(PenstockError(.storeClosed, "the store was closed")))
            }
        }
        return try result.get()
    }

    /// Finishes what was posted, and ends the thread.
    func stop() async {
        await withCheckedContinuation { self.mailbox.stop($0) }
    }
}

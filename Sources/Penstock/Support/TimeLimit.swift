import Synchronization

/// An attempt took longer than it may.
struct AttemptTimeout: Error, CustomStringConvertible {
    let limit: Duration
    let name: String

    var description: String { "the \(self.name) limit of \(self.limit) passed" }
}

/// Runs `body` for no longer than `limit`.
///
/// When the time is over the body's task is cancelled and this function throws at once, whether the body heeds the
/// cancellation or not; what it returns later is dropped.
func withTimeLimit<Result: Sendable>(
    _ limit: Duration,
    named name: String,
    in environment: RuntimeEnvironment,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let race = Race<Result>()
    let work = environment.task {
        do {
            race.end(.success(try await body()))
        } catch {
            race.end(.failure(error))
        }
    }
    let timer = environment.task {
        guard (try? await environment.clock.sleep(for: limit)) != nil else { return }
        race.end(.failure(AttemptTimeout(limit: limit, name: name)))
    }
    defer {
        work.cancel()
        timer.cancel()
    }
    return try await withTaskCancellationHandler {
        try await race.outcome.get()
    } onCancel: {
        work.cancel()
    }
}

/// The first of several outcomes; the later ones are dropped.
private final class Race<Success: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Result<Success, any Error>, Never>)
        case ended(Result<Success, any Error>)
    }

    private let state = Mutex(State.open)

    func end(_ outcome: Result<Success, any Error>) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Result<Success, any Error>, Never>? in
            switch state {
            case .open:
                state = .ended(outcome)
                return nil
            case .awaited(let waiter):
                state = .ended(outcome)
                return waiter
            case .ended: return nil
            }
        }
        waiter?.resume(returning: outcome)
    }

    var outcome: Result<Success, any Error> {
        get async {
            await withCheckedContinuation { continuation in
                let ended = self.state.withLock { state -> Result<Success, any Error>? in
                    if case .ended(let outcome) = state { return outcome }
                    state = .awaited(continuation)
                    return nil
                }
                if let ended { continuation.resume(returning: ended) }
            }
        }
    }
}

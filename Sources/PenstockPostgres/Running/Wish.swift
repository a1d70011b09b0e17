import Penstock

/// Somebody who waits for items of a queue.
final class Wish: Sendable {
    typealias Continuation = CheckedContinuation<Result<[LeasedItem], PenstockError>, Never>

    let number: UInt64
    let request: ReserveRequest
    let continuation: Continuation

    init(number: UInt64, request: ReserveRequest, continuation: Continuation) {
        self.number = number
        self.request = request
        self.continuation = continuation
    }
}

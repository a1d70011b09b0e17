/// Those who wait for any ready item of a queue, in the order in which they came.
///
/// It is kept under the same lock as the index, so that an item that becomes ready goes straight to somebody who waits
/// for it, and nobody begins to wait just after.
struct Reservers {
    /// Items that were leased for somebody, and the tokens of their leases.
    typealias Claims = [(item: ReadyItem, token: Int64)]

    /// How a wait ends.
    typealias Continuation = CheckedContinuation<Result<Claims, PenstockError>, Never>

    /// Somebody who waits.
    struct Reserver {
        let number: UInt64
        let request: ReserveRequest
        let continuation: Continuation
    }

    /// Somebody who waits no more, and what became of it.
    typealias Answer = (reserver: Reserver, outcome: Result<Claims, PenstockError>)

    private var queues: [String: [Reserver]] = [:]

    /// The queues for which somebody waits, in an order that is the same every time.
    var names: [String] { self.queues.keys.sorted() }

    /// Whether somebody waits for an item of `queue`.
    func isWaiting(for queue: String) -> Bool { self.queues[queue] != nil }

    mutating func add(_ reserver: Reserver) {
        self.queues[reserver.request.queue, default: []].append(reserver)
    }

    /// Takes out somebody who waits for an item of `queue`; `nil` when it has been answered.
    mutating func remove(_ number: UInt64, from queue: String) -> Continuation? {
        guard let place = self.queues[queue]?.firstIndex(where: { $0.number == number }) else { return nil }
        defer { if self.queues[queue]?.isEmpty == true { self.queues[queue] = nil } }
        return self.queues[queue]?.remove(at: place).continuation
    }

    /// Leases what is ready in `queue` for those who wait for it, as long as there is something.
    mutating func fill(_ queue: String, from index: inout QueueIndex, clock: any PenstockClock) -> [Answer] {
        guard let waiting = self.queues[queue] else { return [] }
        var answers: [Answer] = []
        let (now, uptime) = (clock.now, clock.uptime)
        for reserver in waiting {
            let claims = index.reserve(reserver.request, now: now, uptime: uptime)
            guard !claims.isEmpty else { break }
            answers.append((reserver, .success(claims)))
        }
        self.queues[queue] = answers.count == waiting.count ? nil : Array(waiting.dropFirst(answers.count))
        return answers
    }

    /// Ends the wait of those who did not want to wait for what is to come.
    mutating func dismiss() -> [Answer] {
        self.remove { !$0.request.waits }.map { ($0, .success([])) }
    }

    /// Ends the waits for an item of some queues with an error.
    mutating func fail(_ error: PenstockError, where isHit: (_ queue: String) -> Bool) -> [Answer] {
        self.remove { isHit($0.request.queue) }.map { ($0, .failure(error)) }
    }

    private mutating func remove(where isOver: (Reserver) -> Bool) -> [Reserver] {
        var removed: [Reserver] = []
        for queue in self.names {
            guard let waiting = self.queues[queue] else { continue }
            let left = waiting.filter { !isOver($0) }
            guard left.count < waiting.count else { continue }
            removed += waiting.filter(isOver)
            self.queues[queue] = left.isEmpty ? nil : left
        }
        return removed
    }
}

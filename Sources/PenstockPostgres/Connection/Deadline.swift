import Penstock

/// When a wait is over.
struct Deadline {
    /// The moment; `nil` for never.
    let end: ContinuousClock.Instant?

    /// So much time from now.
    init(after limit: Duration?) {
        self.end = limit.map { .now + $0 }
    }

    /// Whether it is over.
    var isOver: Bool { self.end.map { $0 <= .now } ?? false }

    /// What is left, as `poll` has it: rounded up, at most `most`, and -1 for ever.
    func milliseconds(atMost most: Int32? = nil) -> Int32 {
        guard let end = self.end else { return most ?? -1 }
        let left = max(ContinuousClock.now.duration(to: end), .zero)
        let milliseconds = Int32(clamping: (left + .nanoseconds(999_999)).wholeMilliseconds)
        return min(milliseconds, most ?? .max)
    }
}

/// When an activity that failed is tried again.
public struct RetryPolicy: Sendable {
    /// How many attempts are made in all; attempts that a process did not survive count too.
    public var attempts: Int

    /// How long to wait before the second attempt.
    public var delay: Duration

    /// What the wait is multiplied by from one attempt to the next.
    public var backoff: Double

    /// The longest wait.
    public var maximumDelay: Duration

    /// How much of each wait is left to chance, from 0 to 1, so that what failed together is not retried together.
    public var jitter: Double

    /// Whether an error is worth another attempt.
    public var isRetryable: @Sendable (any Error) -> Bool

    /// Makes a policy: by default ten attempts over some four minutes.
    public init(
        attempts: Int = 10,
        delay: Duration = .milliseconds(500),
        backoff: Double = 2,
        maximumDelay: Duration = .seconds(60),
        jitter: Double = 0.5,
        isRetryable: @escaping @Sendable (any Error) -> Bool = { _ in true }
    ) {
        self.attempts = max(attempts, 1)
        self.delay = max(delay, .zero)
        self.backoff = max(backoff, 1)
        self.maximumDelay = max(maximumDelay, .zero)
        self.jitter = min(max(jitter, 0), 1)
        self.isRetryable = isRetryable
    }

    /// One attempt.
    public static let never = RetryPolicy(attempts: 1)

    /// The wait after an attempt, from 1; `random` is any 64 bits.
    func wait(after attempt: Int, random: UInt64) -> Duration {
        // The exponent is bounded, so that the factor is finite whatever the number of attempts.
        var factor = 1.0
        for _ in 1..<min(max(attempt, 1), 64) { factor = min(factor * self.backoff, 1e9) }
        let full = min(self.delay.inSeconds * factor, self.maximumDelay.inSeconds)
        let chance = Double(random >> 11) / Double(1 << 53)
        return .milliseconds(Int64((full * (1 - self.jitter * chance) * 1000).rounded()))
    }
}

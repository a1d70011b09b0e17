/// Where Penstock takes its time from.
///
/// Everything that waits or looks at a clock does it through this protocol, so that tests and the simulator own time.
public protocol PenstockClock: Sendable {
    /// The wall clock. It may jump; due times are compared with it.
    var now: Timestamp { get }

    /// The time since some fixed point, which never jumps. Leases and timeouts are measured with it.
    var uptime: Duration { get }

    /// Waits for `duration`, or throws `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// Where Penstock takes its randomness from: jitter, generated keys, the identity of a process.
public protocol PenstockEntropy: Sendable {
    /// Returns the next 64 random bits.
    func next() -> UInt64
}

/// The outside world as Penstock sees it: clock, entropy, the executor its tasks prefer, and who hears its notices.
///
/// A store and the engine over it share one environment. Nothing in Penstock reads a clock or draws a random number
/// in any other way, so a test that replaces these four owns everything that is not computed.
public struct RuntimeEnvironment: Sendable {
    /// The source of time.
    public var clock: any PenstockClock

    /// The source of randomness.
    public var entropy: any PenstockEntropy

    /// The executor on which Penstock's tasks and user code run; `nil` is Swift's global pool.
    public var scheduler: (any TaskExecutor)?

    /// Hears what an operator should know: a full disk, an abandoned lease, a diverged run.
    ///
    /// Called from any thread.
    ///
    /// When it is `nil`, the store that is opened chooses: SQLite's writes warnings and errors to standard error, the
    /// one in memory says nothing.
    public var report: (@Sendable (Notice) -> Void)?

    /// Makes an environment; every part that is not given is the live one.
    public init(
        clock: any PenstockClock = LiveClock(),
        entropy: any PenstockEntropy = LiveEntropy(),
        scheduler: (any TaskExecutor)? = nil,
        report: (@Sendable (Notice) -> Void)? = nil
    ) {
        self.clock = clock
        self.entropy = entropy
        self.scheduler = scheduler
        self.report = report
    }

    /// Starts an unstructured task on this environment's scheduler.
    @discardableResult
    package func task<Success: Sendable>(
        _ body: @escaping @Sendable () async -> Success
    ) -> Task<Success, Never> {
        Task(executorPreference: self.scheduler) { await body() }
    }
}

/// Something an operator should know.
public struct Notice: Sendable, CustomStringConvertible {
    /// How much it matters.
    public enum Level: String, Sendable {
        /// Worth a line in a log.
        case info
        /// Somebody should look.
        case warning
        /// Work has stopped or a promise is at risk until somebody looks.
        case error
    }

    /// How much it matters.
    public let level: Level

    /// What happened, to which queue and key, and what to do.
    public let message: String

    /// Makes a notice.
    public init(_ level: Level, _ message: String) {
        self.level = level
        self.message = message
    }

    /// The notice as a line of a log.
    public var description: String { "penstock \(self.level.rawValue): \(self.message)" }
}

public import Penstock
import Synchronization

/// The notices that an operator would have heard.
public final class NoticeLog: Sendable {
    private let state = Mutex<[Notice]>([])

    /// Makes an empty log.
    public init() {}

    /// Adds a notice.
    public func add(_ notice: Notice) {
        self.state.withLock { $0.append(notice) }
    }

    /// All notices so far, in the order in which they came.
    public var all: [Notice] { self.state.withLock { $0 } }

    /// The messages of one level.
    public func messages(_ level: Notice.Level) -> [String] {
        self.all.filter { $0.level == level }.map(\.message)
    }
}

/// An environment that a test owns, and its parts.
public struct TestingEnvironment: Sendable {
    /// What to give to a store or an engine.
    public let environment: RuntimeEnvironment
    /// Its time.
    public let clock: ManualClock
    /// Its randomness.
    public let entropy: SeededEntropy
    /// What was reported.
    public let notices: NoticeLog
}

extension RuntimeEnvironment {
    /// An environment whose clock stands still, whose randomness a seed determines, and whose notices are kept.
    public static func testing(seed: UInt64 = 0, scheduler: (any TaskExecutor)? = nil) -> TestingEnvironment {
        let (clock, entropy, notices) = (ManualClock(), SeededEntropy(seed: seed), NoticeLog())
        let environment = RuntimeEnvironment(
            clock: clock,
            entropy: entropy,
            scheduler: scheduler,
            report: { notices.add($0) }
        )
        return TestingEnvironment(environment: environment, clock: clock, entropy: entropy, notices: notices)
    }
}

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The clock of the machine.
public struct LiveClock: PenstockClock {
    private static let start = ContinuousClock.now

    /// Makes the clock of the machine.
    public init() {}

    /// The machine's wall clock.
    public var now: Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// The time since the process first asked, on a clock that counts through suspension.
    public var uptime: Duration { Self.start.duration(to: .now) }

    /// Suspends the task for `duration`.
    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// The randomness of the machine.
public struct LiveEntropy: PenstockEntropy {
    /// Makes the source of the machine's randomness.
    public init() {}

    /// Returns 64 bits from the operating system's generator.
    public func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

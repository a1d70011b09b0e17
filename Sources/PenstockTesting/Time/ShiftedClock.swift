package import Penstock

/// A clock whose wall clock is set, by so much as somebody says at every moment.
package struct ShiftedClock: PenstockClock {
    private let clock: any PenstockClock
    private let shift: @Sendable () -> Duration

    /// Makes a clock that differs from another by `shift`; the time that passes is the same.
    package init(_ clock: any PenstockClock, by shift: @escaping @Sendable () -> Duration) {
        self.clock = clock
        self.shift = shift
    }

    /// The other's wall clock, and the shift.
    package var now: Timestamp { self.clock.now + self.shift() }

    /// The other's uptime.
    package var uptime: Duration { self.clock.uptime }

    /// Sleeps by the other clock.
    package func sleep(for duration: Duration) async throws {
        try await self.clock.sleep(for: duration)
    }
}

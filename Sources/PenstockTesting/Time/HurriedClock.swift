public import Penstock

/// A clock on which time passes faster than in the world.
///
/// It is for tests of real threads and real files, which no virtual clock can wait for: retries and timeouts come at a
/// fraction of their time, in their order.
public struct HurriedClock: PenstockClock {
    private let live = LiveClock()
    private let speed: Int
    private let start: (now: Timestamp, uptime: Duration)

    /// Makes a clock on which `speed` seconds pass in one.
    public init(speed: Int) {
        self.speed = max(speed, 1)
        self.start = (self.live.now, self.live.uptime)
    }

    /// The hurried wall clock, which begins with the real one.
    public var now: Timestamp { self.start.now + self.passed }

    /// The hurried time since some fixed point.
    public var uptime: Duration { self.start.uptime + self.passed }

    private var passed: Duration { (self.live.uptime - self.start.uptime) * self.speed }

    /// Waits until `duration` has passed on this clock.
    public func sleep(for duration: Duration) async throws {
        try await self.live.sleep(for: duration / self.speed)
    }
}

import Synchronization

/// A wall clock that never goes back, by which a store says what is due.
///
/// What was due stays due, and what was pushed a moment ago can be taken now, also when somebody sets the system's
/// clock back by an hour. The clock then goes on at half speed until the system's has caught up, so that delays keep
/// their order, and their length within a factor of two.
package final class SteadyClock: PenstockClock {
    private let clock: any PenstockClock
    private let last: Mutex<(now: Timestamp, uptime: Duration)>

    package init(_ clock: any PenstockClock) {
        self.clock = clock
        self.last = Mutex((clock.now, clock.uptime))
    }

    package var now: Timestamp {
        let (wall, uptime) = (self.clock.now, self.clock.uptime)
        return self.last.withLock { last in
            guard wall < last.now else {
                last = (wall, uptime)
                return wall
            }
            return max(wall, last.now + (max(uptime, last.uptime) - last.uptime) / 2)
        }
    }

    package var uptime: Duration { self.clock.uptime }

    package func sleep(for duration: Duration) async throws { try await self.clock.sleep(for: duration) }
}

import Penstock
import Synchronization

/// The server's clock as far as a process knows it.
///
/// The server tells the time with every group of transactions; between two of them the process counts on by its own
/// steady clock. So it may be behind the server by as long as an answer takes, and is never ahead: nothing is due here
/// that is not due there.
///
/// A store that was given a clock of its own, as tests do, goes by that one altogether.
final class DatabaseClock: PenstockClock {
    private let clock: any PenstockClock
    /// Set when it goes by the clock it was given.
    private let own: SteadyClock?
    private let last: Mutex<(now: Int64, uptime: Duration)>

    init(_ clock: any PenstockClock) {
        self.clock = clock
        self.own = clock is LiveClock ? nil : SteadyClock(clock)
        self.last = Mutex((clock.now.milliseconds, clock.uptime))
    }

    /// The time by which something is due.
    var now: Timestamp {
        if let own = self.own { return own.now }
        let uptime = self.clock.uptime
        return self.last.withLock { last in
            let passed = max(uptime - last.uptime, .zero)
            return Timestamp(milliseconds: last.now + passed.wholeMillisecondsPassed)
        }
    }

    var uptime: Duration { self.clock.uptime }

    /// The time from which the ends of leases count, in milliseconds; `nil` leaves that to the server.
    ///
    /// It is not the clock on the wall, which somebody may set.
    var leaseTime: Int64? { self.own == nil ? nil : self.clock.uptime.wholeMillisecondsPassed }

    func sleep(for duration: Duration) async throws { try await self.clock.sleep(for: duration) }

    /// Learns the time of the server, in milliseconds, as it was a moment ago.
    func sample(_ milliseconds: Int64) {
        let uptime = self.clock.uptime
        self.last.withLock { last in
            let passed = max(uptime - last.uptime, .zero).wholeMillisecondsPassed
            // A server whose clock was set back does not make what was due undue.
            last = (max(milliseconds, last.now + (milliseconds < last.now ? passed / 2 : 0)), uptime)
        }
    }
}

extension Duration {
    /// The whole milliseconds that have passed, rounded down.
    var wholeMillisecondsPassed: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

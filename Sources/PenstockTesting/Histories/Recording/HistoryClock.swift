import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What tells the instants of a history.
///
/// Its readings order what happened: when one call had returned before another began, the reading after the first is
/// not greater than the reading before the second.
public struct HistoryClock: Sendable {
    private let read: @Sendable () -> Int64

    /// Makes a clock from a function that never goes back, from whatever thread it is called.
    public init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }

    /// The instant that it is.
    public var now: Int64 { self.read() }

    /// A clock that counts how often it was read: no two of its instants are equal, and one process has it.
    public static func counter() -> HistoryClock {
        let counter = Readings()
        return HistoryClock { counter.next() }
    }

    /// Nanoseconds of the machine's monotonic clock, which all its processes share.
    public static let uptime = HistoryClock {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Counts its readings.
private final class Readings: Sendable {
    private let count = Atomic<Int64>(0)

    func next() -> Int64 { self.count.add(1, ordering: .sequentiallyConsistent).newValue }
}

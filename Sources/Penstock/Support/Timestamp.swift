/// A point in time as a store keeps it: milliseconds since 1970-01-01 00:00 UTC.
///
/// It is wall-clock time, because due times and histories outlive processes. Leases are measured on a clock that
/// nobody can set (see ``PenstockClock/uptime``).
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    public let milliseconds: Int64

    /// Makes a timestamp from milliseconds since 1970-01-01 00:00 UTC.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Tells whether `left` is before `right`.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Returns the timestamp that lies `duration` later, saturating at the ends of the representable range.
    public static func + (timestamp: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = timestamp.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        guard overflow else { return Timestamp(milliseconds: sum) }
        return duration < .zero ? .distantPast : .distantFuture
    }

    /// Returns how long after `right` `left` lies.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return .milliseconds(overflow ? (left > right ? Int64.max : Int64.min) : difference)
    }

    /// The earliest timestamp there is.
    public static let distantPast = Timestamp(milliseconds: .min)

    /// The latest timestamp there is.
    public static let distantFuture = Timestamp(milliseconds: .max)

    /// Encodes the timestamp as a plain number of milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.milliseconds)
    }

    /// Decodes a plain number of milliseconds.
    public init(from decoder: any Decoder) throws {
        self.milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }
}

extension Duration {
    /// The duration in whole milliseconds, rounded up so that a wait is never shorter than was asked, and saturating.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let fraction = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        guard !overflow, product < Int64.max - 1000 else { return seconds < 0 ? .min : .max }
        return product + fraction
    }

    /// The duration in seconds, for reports.
    package var inSeconds: Double {
        let (seconds, attoseconds) = self.components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

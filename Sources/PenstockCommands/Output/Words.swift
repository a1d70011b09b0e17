package import Penstock

/// How numbers and times are said to people.
package enum Words {
    /// How long ago something was: `12s`, `3m`, `5h`, `2d`.
    package static func age(_ time: Timestamp, now: Timestamp) -> String {
        let seconds = max(0, (now.milliseconds - time.milliseconds) / 1000)
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }

    /// A number with its thousands apart: `12,345`.
    package static func count(_ number: Int) -> String {
        var digits = Array("\(number.magnitude)")
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return (number < 0 ? "-" : "") + String(digits)
    }

    /// A number and what is counted: `1 file`, `2 files`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(self.count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A number with three digits that matter: `12,345`, `86.1`, `0.253`.
    package static func figure(_ value: Double) -> String {
        switch value.magnitude {
        case 1000...: self.count(Int(value.rounded()))
        case 100...: JSONObject.decimal(value, digits: 0)
        case 10...: JSONObject.decimal(value, digits: 1)
        case 1...: JSONObject.decimal(value, digits: 2)
        default: JSONObject.decimal(value, digits: 3)
        }
    }

    /// The median, and the range when there is one: `10,362 [7,195–11,020]`; `nil` when there is nothing.
    static func spread(_ values: [Double]) -> String? {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let median = self.figure(sorted[sorted.count / 2])
        return sorted.count == 1 ? median : "\(median) [\(self.figure(first))–\(self.figure(last))]"
    }

    /// How far something is: `Copied 12 of 340 MB`.
    package static func progress(_ done: String, _ bytes: Int, of total: Int) -> String {
        "\(done) \(self.count(bytes / 1_000_000)) of \(self.count(total / 1_000_000)) MB"
    }

    /// Text of at most so many characters.
    package static func shortened(_ text: String, to length: Int = 60) -> String {
        text.count <= length ? text : text.prefix(length - 1) + "…"
    }

    /// The time between two moments: `3 ms`, `1.25 s`.
    package static func milliseconds(_ duration: Duration) -> String {
        let milliseconds = duration.inMilliseconds
        return milliseconds < 1000 ? "\(self.figure(milliseconds)) ms" : "\(self.figure(milliseconds / 1000)) s"
    }
}

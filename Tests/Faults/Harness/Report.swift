import Penstock
import PenstockCommands

#if canImport(Glibc)
import Glibc
#endif

/// What came of the scenarios, as lines while they run and as a table in the end.
struct Report {
    /// What came of one.
    struct Row {
        let number: String
        let title: String
        let unit: String
        let seed: UInt64
        var count = 0
        var problems: [String] = []
        var figure = ""
        var seconds = Duration.zero
        /// Why it was not run.
        var unavailable: String?
        /// Why there is nothing to be run.
        var elsewhere: String?

        init(_ scenario: any Scenario, seed: UInt64) {
            (self.number, self.title, self.unit) = (scenario.number, scenario.title, scenario.unit)
            self.seed = seed
        }

        var isBad: Bool { !self.problems.isEmpty }

        /// Why there are no figures.
        var reason: String? { self.unavailable ?? self.elsewhere }

        var result: String {
            if self.isBad { return "BAD" }
            return self.unavailable != nil ? "not run" : self.elsewhere != nil ? "no concern" : "ok"
        }
    }

    private(set) var rows: [Row] = []
    private let kind: String
    private let machine: [String]

    init(_ options: FaultOptions, probing folder: String) throws {
        let kind = options.isLong ? "the long counts" : "the short counts"
        self.kind = options.count.map { "\(Self.words($0)) of each" } ?? kind
        self.machine = try Measurements.lines(in: folder) + ["Date: \(Self.date) UTC."]
        for line in self.machine { say(line) }
    }

    private static var date: String {
        var now = time(nil)
        var parts = unsafe tm()
        unsafe _ = gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = unsafe strftime(&text, text.count, "%Y-%m-%d %H:%M", &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Takes a row in, and prints it.
    mutating func add(_ row: Row) {
        self.rows.append(row)
        let title = row.title + String(repeating: " ", count: max(34 - row.title.count, 1))
        let number = row.number + String(repeating: " ", count: max(5 - row.number.count, 1))
        let what = row.reason ?? "\(Self.words(row.count)) \(row.unit), \(row.problems.count) bad. \(row.figure)"
        say("\(number)\(title)\(row.result): \(what) (\(Self.seconds(row)) s, seed \(row.seed))")
        for problem in row.problems.prefix(5) { say("      \(problem.prefix(500))") }
    }

    /// Writes the table.
    func write(to path: String) throws {
        var lines = ["# Faults done to real processes", "", "With \(self.kind)."] + self.machine
        lines += [
            "", "| fault | | how often | bad | result | figures | seconds | seed |",
            "|---|---|--:|--:|---|---|--:|--:|",
        ]
        for row in self.rows {
            let cells = [
                row.number, row.title, "\(Self.words(row.count)) \(row.unit)", "\(row.problems.count)", row.result,
                row.reason ?? row.figure, Self.seconds(row), "\(row.seed)",
            ]
            lines.append("| \(cells.joined(separator: " | ")) |")
        }
        for row in self.rows where row.isBad {
            lines += ["", "## \(row.number)", ""] + row.problems.prefix(50).map { "- \($0)" }
        }
        try Files.write(lines.joined(separator: "\n") + "\n", to: path)
    }

    private static func seconds(_ row: Row) -> String {
        "\(Double(row.seconds.milliseconds / 100) / 10)"
    }

    /// A number with its thousands apart.
    static func words(_ number: Int) -> String {
        var digits = Array(String(number))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}

extension Duration {
    /// Seconds, for figures.
    var seconds: Double { Double(self.microseconds) / 1e6 }
}

/// Durations of one kind, to be summed up.
struct Times {
    private var all: [Duration] = []

    var isEmpty: Bool { self.all.isEmpty }
    var worst: Duration { self.all.max() ?? .zero }

    mutating func add(_ time: Duration) {
        self.all.append(time)
    }

    /// Median and worst in words.
    var words: String {
        guard !self.all.isEmpty else { return "was never measured" }
        let median = self.all.sorted()[self.all.count / 2]
        return "median \(median.milliseconds) ms, worst \(self.worst.milliseconds) ms"
    }
}

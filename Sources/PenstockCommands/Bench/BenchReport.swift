import Penstock

/// Writes results as they come in.
struct BenchReport {
    let isJSON: Bool
    let output: Output
    /// A probe for each workload.
    private var probes: [Probe] = []

    init(isJSON: Bool, output: Output) {
        (self.isJSON, self.output) = (isJSON, output)
    }

    private static let widths = [11, 20, 12, 10, 9, 9, 9]

    /// Says on what is measured.
    func begin(_ bench: Bench) {
        guard !self.isJSON else { return }
        self.output.line(Machine.description)
        switch bench.store {
        case .sqlite:
            self.output.line("Store: SQLite in \(bench.place.parent), durability full (WAL, synchronous=FULL).")
        case .memory: self.output.line("Store: memory; nothing survives the process.")
        }
        self.output.line()
        self.write(["WORKLOAD", "SETTING", "VALUE", "UNIT", "P50 MS", "P99 MS", "P99.9 MS"])
        self.output.flush()
    }

    func working(on workload: Workload) {
        self.output.progress("measuring \(workload.rawValue) …")
    }

    /// Says what the disk did meanwhile.
    func end() {
        self.output.endProgress()
        guard !self.isJSON, !self.probes.isEmpty else { return }
        let syncs = Self.spread(self.probes.map(\.fdatasyncPerSecond))
        let rows = Self.spread(self.probes.map(\.rawRowsPerSecond))
        self.output.line()
        self.output.line("Probe: \(syncs) fdatasync/s, \(rows) rows/s in SQLite alone, one a commit.")
    }

    /// The median, and the range when there is one: `10,362 [7,195–11,020]`.
    private static func spread(_ values: [Double]) -> String {
        let sorted = values.sorted()
        let median = Words.figure(sorted[sorted.count / 2])
        guard sorted.count > 1 else { return median }
        return "\(median) [\(Words.figure(sorted[0]))–\(Words.figure(sorted[sorted.count - 1]))]"
    }

    mutating func add(_ result: BenchResult) {
        if let probe = result.probe, probe != self.probes.last { self.probes.append(probe) }
        guard !self.isJSON else {
            self.output.line(result.json.text)
            self.output.flush()
            return
        }
        let times = [50, 99, 99.9].map { result.samples?.percentile($0).map(Words.figure) ?? "" }
        self.write([result.workload, Self.setting(of: result), Words.figure(result.value), result.unit] + times)
        let others = result.others.filter { $0.key != "backlog" }.compactMap { other in
            other.value.map { "\(other.key) \(Words.figure($0))" }
        }
        if !others.isEmpty { self.output.line("            " + others.joined(separator: ", ")) }
        self.output.flush()
    }

    private static func setting(of result: BenchResult) -> String {
        result.setting ?? "n \(Words.count(result.n))" + (result.inFlight > 0 ? ", \(result.inFlight) at once" : "")
    }

    private func write(_ cells: [String]) {
        var line = ""
        for (place, cell) in cells.enumerated() {
            let gap = String(repeating: " ", count: max(Self.widths[place] - cell.count, 0))
            let isNumber = place == 2 || place > 3
            line += (isNumber ? gap + cell : cell + gap) + " "
        }
        while line.last == " " { line.removeLast() }
        self.output.line(line)
    }
}

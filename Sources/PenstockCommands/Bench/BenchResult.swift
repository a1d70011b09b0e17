import Penstock

/// One line of the benchmark of the durable engine.
struct BenchResult: BenchLine {
    let workload: String
    let store: BenchStore.Kind
    let n: Int
    let inFlight: Int
    let unit: String
    let value: Double
    let probe: Probe?
    /// What a person is told of the circumstances, where it is not `n` and `inFlight`.
    var setting: String?
    /// Times in milliseconds, where they were taken.
    var samples: Samples?
    /// Groups of transactions that were made durable, rows that were written, steps that were replayed.
    var fsyncs: Int?
    var rows: Int?
    var replayedSteps: Int?
    /// What only this workload has; numbers that are whole are written so.
    var others: [(key: String, value: Double?)] = []

    init(
        workload: String,
        store: BenchStore.Kind,
        n: Int,
        inFlight: Int,
        unit: String,
        value: Double,
        probe: Probe?
    ) {
        self.workload = workload
        self.store = store
        self.n = n
        self.inFlight = inFlight
        self.unit = unit
        self.value = value
        self.probe = probe
    }

    static let columns = [
        BenchReport.Column("WORKLOAD", width: 11), BenchReport.Column("SETTING", width: 20),
        BenchReport.Column("VALUE", width: 12, isNumber: true), BenchReport.Column("UNIT", width: 10),
        BenchReport.Column("P50 MS", width: 9, isNumber: true), BenchReport.Column("P99 MS", width: 9, isNumber: true),
        BenchReport.Column("P99.9 MS", width: 9, isNumber: true),
    ]

    var cells: [String] {
        let times = [50, 99, 99.9].map { self.samples?.percentile($0).map(Words.figure) ?? "" }
        let inFlight = self.inFlight > 0 ? ", \(self.inFlight) at once" : ""
        let setting = self.setting ?? "n \(Words.count(self.n))\(inFlight)"
        return [self.workload, setting, Words.figure(self.value), self.unit] + times
    }

    var remark: String {
        let others = self.others.filter { $0.key != "backlog" }.compactMap { other in
            other.value.map { "\(other.key) \(Words.figure($0))" }
        }
        return others.joined(separator: ", ")
    }

    /// The line for programs; these keys are part of the interface.
    var json: JSONObject {
        var object = JSONObject()
        object.add("workload", self.workload)
        object.add("store", self.store.rawValue)
        object.add("durability", self.store.durability)
        object.add("n", self.n)
        object.add("inFlight", self.inFlight)
        object.add("unit", self.unit)
        object.add("value", self.value, digits: self.value >= 100 ? 1 : 6)
        object.add("p50_ms", self.samples?.percentile(50), digits: 4)
        object.add("p99_ms", self.samples?.percentile(99), digits: 4)
        object.add("p999_ms", self.samples?.percentile(99.9), digits: 4)
        for (key, value) in self.others {
            object.add(key, value, digits: value.map { $0 == $0.rounded() ? 0 : 6 } ?? 0)
        }
        var probe = JSONObject()
        probe.add("fdatasync_per_s", self.probe?.fdatasyncPerSecond, digits: 0)
        probe.add("raw_rows_per_s", self.probe?.rawRowsPerSecond, digits: 0)
        object.add("probe", probe)
        var counters = JSONObject()
        counters.add("fsyncs", self.fsyncs)
        counters.add("rows", self.rows)
        counters.add("replayedSteps", self.replayedSteps)
        object.add("counters", counters)
        return object
    }
}

/// Times that were taken, in milliseconds.
package struct Samples: Sendable {
    private let sorted: [Double]

    package init(_ times: [Duration]) {
        self.sorted = times.map(\.inMilliseconds).sorted()
    }

    /// The time that so many percent of the samples do not exceed.
    package func percentile(_ percent: Double) -> Double? {
        guard !self.sorted.isEmpty else { return nil }
        // 99.9 % of 1,000 are 999, though not in binary fractions: what is over by less than a thousandth is no sample.
        let rank = (percent / 100 * Double(self.sorted.count) - 0.001).rounded(.up)
        return self.sorted[min(max(Int(rank) - 1, 0), self.sorted.count - 1)]
    }

    var median: Double { self.percentile(50) ?? 0 }
}

extension Duration {
    var inMilliseconds: Double { self.inSeconds * 1000 }
}

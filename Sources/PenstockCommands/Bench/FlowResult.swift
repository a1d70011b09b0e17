/// One line of the benchmark of links and segments.
struct FlowResult: BenchLine {
    let workload: FlowWorkload
    /// What carries the items: threads, tasks, or one loop.
    let setting: String
    /// How many items a round has, or round trips.
    let n: Int
    /// How many items a link holds; `nil` where there is none.
    let capacity: Int?
    let laps: [Lap]
    let probe: CoreProbe
    /// What only this line has.
    var others: [(key: String, value: Double?)] = []

    /// Items a second in each round, from the worst to the best.
    private var rates: [Double] { self.laps.map { Double(self.n) / $0.seconds }.sorted() }

    /// The median of all rounds.
    var value: Double { self.rates[self.laps.count / 2] }

    /// What a median round took from the heap for an item; `nil` where nobody counts.
    private var allocationsPerItem: Double? {
        let counts = self.laps.compactMap(\.allocations).sorted()
        return counts.isEmpty ? nil : Double(counts[counts.count / 2]) / Double(self.n)
    }

    /// What the processors had to do for an item in a median round, in nanoseconds.
    private var processorNanoseconds: Double {
        let times = self.laps.map(\.processorSeconds).sorted()
        return times[times.count / 2] * 1e9 / Double(self.n)
    }

    static let columns = [
        BenchReport.Column("WORKLOAD", width: 10), BenchReport.Column("SETTING", width: 18),
        BenchReport.Column("VALUE", width: 13, isNumber: true), BenchReport.Column("UNIT", width: 7),
        BenchReport.Column("[RANGE]", width: 29), BenchReport.Column("CPU NS", width: 7, isNumber: true),
        BenchReport.Column("ALLOCATIONS", width: 11, isNumber: true),
    ]

    var cells: [String] {
        let rates = self.rates
        let range = "[\(Words.figure(rates[0]))–\(Words.figure(rates[rates.count - 1]))]"
        return [
            self.workload.rawValue, self.setting, Words.figure(self.value), self.workload.unit, range,
            Words.figure(self.processorNanoseconds), self.allocationsPerItem.map(Words.figure) ?? "",
        ]
    }

    var remark: String {
        let others = self.others.compactMap { other in other.value.map { "\(other.key) \(Words.figure($0))" } }
        return others.joined(separator: ", ")
    }

    /// The line for programs; these keys are part of the interface.
    var json: JSONObject {
        let rates = self.rates
        var object = JSONObject()
        object.add("workload", self.workload.rawValue)
        object.add("setting", self.setting)
        object.add("n", self.n)
        object.add("capacity", self.capacity)
        object.add("unit", self.workload == .ping ? "round trips/s" : "items/s")
        object.add("value", self.value, digits: 1)
        object.add("min", rates[0], digits: 1)
        object.add("max", rates[rates.count - 1], digits: 1)
        object.add("rounds", self.laps.count)
        object.add("ns_per_item", 1e9 / self.value, digits: 3)
        object.add("cpu_ns_per_item", self.processorNanoseconds, digits: 3)
        object.add("allocations_per_item", self.allocationsPerItem, digits: 6)
        for (key, value) in self.others { object.add(key, value, digits: 6) }
        var probe = JSONObject()
        probe.add("line_ns", self.probe.lineNanoseconds, digits: 1)
        probe.add("wake_ns", self.probe.wakeNanoseconds, digits: 1)
        object.add("probe", probe)
        var counters = JSONObject()
        counters.add("allocations", self.laps.compactMap(\.allocations).reduce(0, +))
        counters.add("switches", self.laps.reduce(0) { $0 + $1.switches })
        counters.add("preemptions", self.laps.reduce(0) { $0 + $1.preemptions })
        object.add("counters", counters)
        return object
    }
}

/// What a long-lived process and its files took, at one moment.
struct Sample {
    let time: Duration
    /// What it holds of the machine's memory.
    let memory: Int
    /// What it has taken from the heap and not given back.
    let inUse: Int
    let log: Int
    let table: Int

    init(of child: ChildProcess, _ path: String, inUse: Int, at time: Duration) {
        (self.time, self.inUse) = (time, inUse)
        self.memory = Memory.of("\(child.pid)")
        self.log = Files.size("\(path)-wal")
        self.table = Files.size(path)
    }
}

/// What the samples of a process come to, once it has settled.
///
/// In the first half of its life caches fill, and each thread gets an arena of the heap of its own, which stays as
/// large as it was once: that says nothing of what comes. So the slopes are those of the second half. The heap's is
/// held against the bar, since what leaks is never given back; what a process holds goes up in steps, with each new
/// arena.
struct Trend {
    private(set) var problems: [String] = []
    private(set) var words = ""

    /// How long a process has to be watched for its slope to say anything.
    private static let least = Duration.seconds(300)
    /// How many bytes the heap may grow by in an hour.
    private static let bar = 1 << 20

    init(_ samples: [Sample]) {
        guard let end = samples.last?.time else {
            self.problems = ["there are no samples"]
            return
        }
        let steady = samples.filter { $0.time >= end / 2 }
        guard steady.count > 3, let first = steady.first, let last = steady.last else {
            self.problems = ["there were only \(samples.count) samples: give it more minutes"]
            return
        }
        let window = last.time - first.time
        let (memory, heap) = (Self.slope(steady, \.memory), Self.slope(steady, \.inUse))
        let (log, table) = (steady.map(\.log).max() ?? 0, steady.map(\.table).max() ?? 0)
        if window >= Self.least, heap > Double(Self.bar) {
            self.problems.append("the heap grows by \(Self.megabytes(heap)) MB an hour")
        }
        if last.memory - first.memory > 8 << 20 {
            self.problems.append("memory has grown by \((last.memory - first.memory) >> 20) MB")
        }
        if log > 80 << 20 { self.problems.append("the log has grown to \(log >> 20) MB") }
        if table > 2 * first.table + (16 << 20) { self.problems.append("the table has grown to \(table >> 20) MB") }
        let isShort = window < Self.least ? ", too short for the bar of 1 MB/h" : ""
        self.words = """
            One process for \(Int(last.time.seconds)) s, measured over the last \(Int(window.seconds)) s\(isShort): \
            heap in use \(Self.megabytes(Double(last.inUse))) MB, slope \(Self.megabytes(heap)) MB/h; resident \
            \(last.memory >> 20) MB, slope \(Self.megabytes(memory)) MB/h; log at most \(log >> 20) MB, table \
            \(first.table >> 10) to \(table >> 10) KB.
            """
    }

    private static func megabytes(_ bytes: Double) -> String {
        "\((bytes / 1_048_576 * 10).rounded() / 10)"
    }

    /// The slope of the line that lies best among the points, in bytes an hour.
    private static func slope(_ samples: [Sample], _ size: (Sample) -> Int) -> Double {
        let times = samples.map(\.time.seconds)
        let sizes = samples.map { Double(size($0)) }
        let (time, mean) = (times.reduce(0, +) / Double(times.count), sizes.reduce(0, +) / Double(sizes.count))
        let above = zip(times, sizes).map { ($0 - time) * ($1 - mean) }.reduce(0, +)
        return above / times.map { ($0 - time) * ($0 - time) }.reduce(0, +) * 3600
    }
}

import Penstock

/// `bench durable`: what queues and workflows do in a second, with the store that keeps them.
struct BenchDurableCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "durable",
            abstract: "Measure queues and workflows beside the disk and SQLite alone",
            discussion: """
                W1 runs two-step workflows, W1-latency one at a time, W1-long one of 10,000
                steps; W2 works off jobs; W4 takes jobs from a backlog; memory is what
                waiting runs and items take. Without --workload all of them are measured.
                """
        )
    }

    @Option(help: ArgumentHelp("What to measure; may be given several times", valueName: "name"))
    var workload: [Workload] = []

    @Option(name: .customLong("n"), help: ArgumentHelp("Workflows, jobs, steps or backlog", valueName: "n"))
    var count: Int?

    @Option(help: ArgumentHelp("How many at once; default 256 (W1), and 1, 8, 64 (W2)", valueName: "n"))
    var inFlight: Int?

    @Option(help: "sqlite, memory or postgres")
    var store: BenchStore.Kind = .sqlite

    @Option(help: ArgumentHelp("The server of --store postgres: postgres://…", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("A folder on the disk to be measured; default /var/tmp", valueName: "folder"))
    var path: String?

    @Flag(help: "One JSON object a line")
    var json: Bool

    func validate() throws {
        for (name, value) in [("--n", self.count), ("--in-flight", self.inFlight)] {
            if let value, value < 1 { throw ValidationError("\(name) \(value) is below one") }
        }
        guard (self.store == .postgres) == (self.url != nil) else {
            throw ValidationError("--store postgres and --url go together: where is the server?")
        }
    }

    func run() async throws {
        let place = try BenchPlace(self.path, url: self.url)
        defer { place.remove() }
        place.removeWhenInterrupted()
        var bench = Bench(
            store: self.store,
            place: place,
            count: self.count,
            inFlight: self.inFlight
        )
        let report = BenchReport(BenchResult.columns, isJSON: self.json, output: CommandContext.current.output)
        report.begin([Machine.description, self.circumstances(place)])
        var probes: [Probe] = []
        // What takes memory comes first, before others have left any.
        let chosen = Set(self.workload.isEmpty ? Workload.allCases : self.workload)
        for workload in [.memory] + Workload.allCases.filter({ $0 != .memory }) where chosen.contains(workload) {
            report.working(on: workload.rawValue)
            // A disk has moods: each workload is read beside a probe that was made right before it.
            if self.store != .memory {
                let probe = try Probe(in: place)
                bench.probe = probe
                probes.append(probe)
            }
            try await bench.measure(workload) { report.add($0) }
        }
        report.end(Probe.summary(probes))
    }
}

extension BenchDurableCommand {
    /// What it is measured on.
    private func circumstances(_ place: BenchPlace) -> String {
        switch self.store {
        case .sqlite: "Store: SQLite in \(place.parent), durability full (WAL, synchronous=FULL)."
        case .memory: "Store: memory; nothing survives the process."
        case .postgres: "Store: PostgreSQL, as durable as its settings make it; the disk probe is of \(place.parent)."
        }
    }
}

/// What is measured.
enum Workload: String, CaseIterable, ExpressibleByArgument {
    case throughput = "W1"
    case latency = "W1-latency"
    case long = "W1-long"
    case jobs = "W2"
    case backlog = "W4"
    case memory
}

/// The circumstances of a measurement.
struct Bench: Sendable {
    let store: BenchStore.Kind
    let place: BenchPlace
    let count: Int?
    let inFlight: Int?
    var probe: Probe?

    let clock = ContinuousClock()

    func measure(_ workload: Workload, _ report: (BenchResult) -> Void) async throws {
        switch workload {
        case .throughput: report(try await self.throughput())
        case .latency: report(try await self.latency())
        case .long: report(try await self.long())
        case .jobs: try await self.jobs(report)
        case .backlog: try await self.backlog(report)
        case .memory: report(try await self.memory())
        }
    }

    /// Opens a new store, runs `body` over it, and removes it.
    func withStore<Result>(_ body: (BenchStore) async throws -> Result) async throws -> Result {
        let store = try await BenchStore(self.store, in: self.place)
        do {
            let result = try await body(store)
            try await store.remove()
            return result
        } catch {
            try await store.remove()
            throw error
        }
    }

    /// A result with what is the same for all.
    func result(_ workload: String, n: Int, inFlight: Int, unit: String, value: Double) -> BenchResult {
        BenchResult(
            workload: workload,
            store: self.store,
            n: n,
            inFlight: inFlight,
            unit: unit,
            value: value,
            probe: self.probe
        )
    }
}

/// `bench flow`: how many items links and segments move in a second.
struct BenchFlowCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "flow",
            abstract: "Measure links and segments beside the cores they run on",
            discussion: """
                W3-pipe moves numbers through five segments, W3-fanin from four to one,
                W3-ping to and fro, W3-batch in arrays of 256; W3-fused fuses the five into
                one; W3-durable moves them through three links in a store on /var/tmp.
                Without --workload all of them are measured. Links hold 1,024 items, and
                one in W3-ping. Every sum is checked.
                """
        )
    }

    @Option(help: ArgumentHelp("What to measure; may be given several times", valueName: "name"))
    var workload: [FlowWorkload] = []

    @Option(name: .customLong("n"), help: ArgumentHelp("Items, or round trips", valueName: "n"))
    var count: Int?

    @Flag(help: "One JSON object a line")
    var json: Bool

    /// The sum of so many numbers fits into 64 bits.
    private static let most = 1_000_000_000

    func validate() throws {
        guard let count = self.count else { return }
        guard count >= 1 else { throw ValidationError("--n \(count) is below one") }
        guard count <= Self.most else { throw ValidationError("--n \(count) is above \(Words.count(Self.most))") }
    }

    func run() async throws {
        let report = BenchReport(FlowResult.columns, isJSON: self.json, output: CommandContext.current.output)
        report.begin([Machine.description, "Medians of \(FlowBench.rounds) rounds, in which settings take turns."])
        var probes: [CoreProbe] = []
        let chosen = Set(self.workload.isEmpty ? FlowWorkload.allCases : self.workload)
        for workload in FlowWorkload.allCases where chosen.contains(workload) {
            report.working(on: workload.rawValue)
            // What else the machine has to do changes: each workload is read beside a probe made right before it.
            let probe = try await CoreProbe()
            probes.append(probe)
            for result in try await FlowBench(workload, count: self.count, probe: probe).measure() {
                report.add(result)
            }
        }
        report.end(CoreProbe.summary(probes))
    }
}

/// What is measured in memory.
enum FlowWorkload: String, CaseIterable, ExpressibleByArgument {
    case pipe = "W3-pipe"
    case fanIn = "W3-fanin"
    case ping = "W3-ping"
    case fused = "W3-fused"
    case batch = "W3-batch"
    case durable = "W3-durable"

    var unit: String { self == .ping ? "trips/s" : "items/s" }
}

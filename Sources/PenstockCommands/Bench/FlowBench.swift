import PenstockFlow

/// One workload of links and segments, in the settings that are compared.
struct FlowBench: Sendable {
    let workload: FlowWorkload
    let probe: CoreProbe
    private let count: Int?

    init(_ workload: FlowWorkload, count: Int?, probe: CoreProbe) {
        (self.workload, self.count, self.probe) = (workload, count, probe)
    }

    /// How often each setting is measured; one more comes first, and does not count.
    static let rounds = 7

    /// How many items a link holds.
    static let capacity = 1024

    /// How many items an array has in W3-batch.
    static let batch = 256

    /// One way to do the workload.
    private struct Setting {
        let name: String
        let n: Int
        let run: (Int) async throws -> Lap
    }

    /// Measures all settings, in turn.
    func measure() async throws -> [FlowResult] {
        let settings = self.settings
        var laps = settings.map { _ in [Lap]() }
        for round in -1..<Self.rounds {
            for (place, setting) in settings.enumerated() {
                let lap = try await setting.run(setting.n)
                if round >= 0 { laps[place].append(lap) }
            }
        }
        var results = zip(settings, laps).map { setting, laps in
            FlowResult(
                workload: self.workload,
                setting: setting.name,
                n: setting.n,
                capacity: self.capacity,
                laps: laps,
                probe: self.probe
            )
        }
        self.compare(&results)
        return results
    }

    private var capacity: Int? {
        switch self.workload {
        case .pipe, .fanIn, .batch, .durable: Self.capacity
        case .ping: 1
        case .fused: nil
        }
    }

    private var settings: [Setting] {
        switch self.workload {
        case .pipe:
            [
                self.setting("threads", 1_000_000) { try await self.pipe($0) },
                self.setting("tasks", 1_000_000) { try await self.onFlowExecutor($0, self.pipeOfTasks) },
                self.setting("tasks, global", 1_000_000) { try await self.pipeOfTasks($0) },
                self.setting("processors", 1_000_000) { try await self.pipe($0, of: Self.plusOne) },
                self.setting("processors, async", 1_000_000) { try await self.pipe($0, of: Self.plusOneInTime) },
            ]
        case .fanIn:
            [
                self.setting("threads", 1_000_000) { try await self.fanIn($0) },
                self.setting("tasks", 1_000_000) { try await self.onFlowExecutor($0, self.fanInOfTasks) },
                self.setting("tasks, global", 1_000_000) { try await self.fanInOfTasks($0) },
                self.setting("processors", 1_000_000) { try await self.fanInOfProcessors($0) },
            ]
        case .ping:
            [
                self.setting("threads", 100_000) { try await self.ping($0) },
                self.setting("tasks", 500_000) { try await self.onFlowExecutor($0, self.pingOfTasks) },
                self.setting("tasks, global", 20_000) { try await self.pingOfTasks($0) },
            ]
        case .fused:
            [
                self.setting("fused", 50_000_000) { try await self.fused($0) },
                self.setting("loop", 50_000_000) { try await self.loop($0) },
                self.setting("fused closures", 10_000_000) { try await self.fusedClosures($0) },
            ]
        case .batch: [self.setting("threads", 50_000_000) { try await self.batches($0) }]
        case .durable:
            [
                self.setting("SQLite, full", 500_000) { try await self.durable($0, .sqlite) },
                self.setting("memory", 500_000) { try await self.durable($0, .memory) },
            ]
        }
    }

    private func setting(_ name: String, _ n: Int, _ run: @escaping (Int) async throws -> Lap) -> Setting {
        Setting(name: name, n: self.count ?? n, run: run)
    }

    /// Says how many times as long as a plain loop the fused segments take.
    private func compare(_ results: inout [FlowResult]) {
        guard let loop = results.first(where: { $0.setting == "loop" })?.value else { return }
        for place in results.indices where results[place].setting != "loop" {
            results[place].others = [("times_the_loop", loop / results[place].value)]
        }
    }

    /// Holds a sum against what it has to be.
    func check(_ sum: Int, _ expected: Int) throws {
        guard sum == expected else {
            throw CommandFailure(.failure, "\(self.workload.rawValue): the sum is \(sum), not \(expected)")
        }
    }

    /// The sum of the numbers below `n`, to each of which so many ones were added.
    static func sum(_ n: Int, plus ones: Int = 0) -> Int { n * (n - 1) / 2 + ones * n }
}

import Foundation
import Penstock
import PenstockCommands
import Testing

@Suite("The benchmark of flows says what it measured")
struct FlowBenchTests {
    private static let keys = [
        "workload", "setting", "n", "unit", "value", "min", "max", "rounds", "ns_per_item", "probe", "counters",
    ]

    @Test("Each line is an object with the agreed keys, and sums are right for numbers that divide badly")
    func keys() async throws {
        let said = await penstock("bench", "flow", "--json", "--n", "1027")
        #expect(said.status == .success, "\(said.messages)")
        let objects = try said.objects
        var workloads: [String] = []
        for object in objects {
            let workload = try #require(object["workload"] as? String)
            if workloads.last != workload { workloads.append(workload) }
            for key in Self.keys { #expect(object[key] != nil, "\(key) is missing in \(object)") }
            #expect(object["n"] as? Int == 1027)
            #expect(object["unit"] as? String == (workload == "W3-ping" ? "round trips/s" : "items/s"))
            let value = try #require(object["value"] as? Double)
            let least = try #require(object["min"] as? Double)
            let most = try #require(object["max"] as? Double)
            #expect(0 < least && least <= value && value <= most)
            let probe = try #require(object["probe"] as? [String: Any])
            #expect(Set(probe.keys) == ["line_ns", "wake_ns"])
            let counters = try #require(object["counters"] as? [String: Any])
            #expect(Set(counters.keys) == ["allocations", "switches", "preemptions"])
        }
        #expect(workloads == ["W3-pipe", "W3-fanin", "W3-ping", "W3-fused", "W3-batch", "W3-durable"])
        for workload in ["W3-pipe", "W3-fanin", "W3-ping"] {
            let settings = objects.filter { $0["workload"] as? String == workload }.map { $0["setting"] as? String }
            #expect(settings.prefix(2) == ["threads", "tasks"])
            let capacities = objects.filter { $0["workload"] as? String == workload }.map { $0["capacity"] as? Int }
            #expect(Set(capacities) == [workload == "W3-ping" ? 1 : 1024])
        }
        let fused = try #require(objects.first { $0["workload"] as? String == "W3-fused" })
        #expect(fused["setting"] as? String == "fused")
        #expect(fused["times_the_loop"] is Double)
    }

    @Test("Workloads can be chosen, and people get a table")
    func table() async {
        let said = await penstock("bench", "flow", "--n", "1", "--workload", "W3-ping", "--workload", "W3-pipe")
        #expect(said.status == .success, "\(said.messages)")
        #expect(said.lines.contains { $0.hasPrefix("Machine: ") })
        #expect(said.lines.contains { $0.hasPrefix("Probe: ") })
        #expect(said.lines.contains { $0.hasPrefix("W3-pipe ") })
        #expect(said.lines.contains { $0.hasPrefix("W3-ping ") })
        #expect(!said.lines.contains { $0.hasPrefix("W3-fused ") })
        for line in said.lines { #expect(line.count <= 110) }
    }

    @Test(
        "What cannot be measured is refused",
        arguments: [
            ["--n", "0"], ["--n", "1000000001"], ["--n", "many"], ["--workload", "W1"], ["--store", "memory"],
        ]
    )
    func refusal(arguments: [String]) async {
        let said = await spread(["bench", "flow"] + arguments)
        #expect(said.status == .usage)
        #expect(said.results.isEmpty)
        #expect(said.messages.contains(arguments[0]))
    }

    @Test(
        "A whole command counts what it takes from the heap",
        .enabled(if: Program.url != nil, "the penstock command was not built with the tests")
    )
    func allocations() throws {
        let said = try Program.run("bench", "flow", "--json", "--n", "5000", "--workload", "W3-batch")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(said.text.utf8)) as? [String: Any])
        // A sanitizer has functions of its own where the counting ones would be.
        let isSanitized = ProcessInfo.processInfo.environment.keys.contains { $0.hasSuffix("SAN_OPTIONS") }
        guard !isSanitized else { return }
        let perItem = try #require(object["allocations_per_item"] as? Double)
        // Each of the twenty arrays was made once at least.
        #expect(perItem * 5000 >= 20)
    }
}

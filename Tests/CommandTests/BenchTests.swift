import Foundation
import PenstockCommands
import Testing

@Suite("The benchmark says what it measured")
struct BenchTests {
    private static let keys = [
        "workload", "store", "durability", "n", "inFlight", "unit", "value", "p50_ms", "p99_ms", "p999_ms", "probe",
        "counters",
    ]

    @Test("Each line is an object with the agreed keys", arguments: ["sqlite", "memory"])
    func keys(store: String) async throws {
        let folder = try TemporaryFolder()
        let said = await penstock(
            "bench",
            "durable",
            "--json",
            "--n",
            "50",
            "--store",
            store,
            "--path",
            folder.path
        )
        #expect(said.status == .success, "\(said.messages)")
        let objects = try said.objects
        let workloads = objects.compactMap { $0["workload"] as? String }
        #expect(workloads == ["memory", "W1", "W1-latency", "W1-long", "W2-enqueue", "W2", "W2", "W2", "W4"])
        for object in objects {
            for key in Self.keys { #expect(object[key] != nil, "\(key) is missing in \(object)") }
            #expect(object["store"] as? String == store)
            #expect(object["durability"] as? String == (store == "sqlite" ? "full" : "none"))
            let probe = try #require(object["probe"] as? [String: Any])
            #expect(Set(probe.keys) == ["fdatasync_per_s", "raw_rows_per_s"])
            let counters = try #require(object["counters"] as? [String: Any])
            #expect(Set(counters.keys) == ["fsyncs", "rows", "replayedSteps"])
        }
        #expect(objects.last?["backlog"] as? Int == 50)
        if store == "sqlite" { #expect((objects[1]["counters"] as? [String: Any])?["rows"] as? Int == 150) }
        // Nothing is left behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("One workload can be chosen, and people get a table")
    func table() async throws {
        let folder = try TemporaryFolder()
        let said = await penstock(
            "bench",
            "durable",
            "--n",
            "50",
            "--in-flight",
            "8",
            "--workload",
            "W1",
            "--path",
            folder.path
        )
        #expect(said.lines.contains { $0.hasPrefix("Machine: ") })
        #expect(said.lines.contains { $0.hasPrefix("Probe: ") })
        #expect(said.lines.count { $0.hasPrefix("W1 ") } == 1)
        for line in said.lines where !line.contains(folder.path) { #expect(line.count <= 100) }
    }

    @Test("A folder that is not there is refused")
    func noFolder() async {
        let said = await penstock("bench", "durable", "--path", "/nonexistent/folder")
        #expect(said.status == .conflict)
        #expect(said.messages.contains("there is no folder"))
    }
}

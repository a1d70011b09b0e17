import CrashWorkload
import Foundation
import Penstock
import PenstockFlow
import PenstockSQLite
import PenstockTesting
import Testing

@Suite("Graphs in real processes, really killed", .serialized)
struct GraphKillTests {
    /// How many kills at least: 20 in the normal run, 1,000 in the long one.
    private static let kills = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == nil ? 20 : 1000
    /// How many items go into a run.
    private static let count = 600

    @Test(.timeLimit(.minutes(60)))
    func `what comes out of a graph that is killed over and over is what comes out in memory`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-graph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "app.db").path
        let seed = UInt64.random(in: .min ... .max)
        print("kill -9 of graphs, seed: \(seed)")
        let random = SeededEntropy(seed: seed)
        let (kills, runs) = try await Self.onItsOwnThread { try Self.killOverAndOver(path, random) }
        let expected = try await GraphWorkload.expected(Self.count)
        #expect(try SQLiteStore.verify(path: path).problems.isEmpty)
        let store = try await SQLiteStore(path: path)
        for run in 0..<runs {
            let output = try Queue<GraphWorkload.Outcome>("run-\(run).out", in: store)
            var items: [GraphWorkload.Outcome] = []
            var last: Item<GraphWorkload.Outcome>?
            while true {
                let page = try await output.items(after: last)
                guard !page.isEmpty else { break }
                items += page.map(\.value)
                last = page.last
            }
            #expect(items.sorted() == expected, "run \(run), seed \(seed)")
            // What is left of a run is that it has been.
            #expect(try await store.deleteGraphRun("run-\(run)"))
            try await output.clear()
        }
        let left = try await Control(store: store).list()
        #expect(left.isEmpty, "\(left.map { "\($0.queue) \($0.key)" })")
        await store.close()
        print("figure: graphs killed: \(kills) times in \(runs) runs of \(Self.count) items")
    }

    /// Kills worker after worker, and goes on with the next run when one has come to its end.
    private static func killOverAndOver(_ path: String, _ random: SeededEntropy) throws -> (kills: Int, runs: Int) {
        var (kills, runs) = (0, 0)
        while kills < Self.kills {
            var isDone = false
            while !isDone {
                var child = try ChildProcess("CrashWorker", ["graph", path, "run-\(runs)", "\(Self.count)"])
                // Killed while opening, just after, or some way into the work: by its own progress, not by a clock.
                for _ in 0..<Int(random.next() % 300) {
                    guard let line = try child.line(), !isDone else { break }
                    guard line.hasPrefix("item") || line == "done" else { throw UnexpectedLine(line: line) }
                    isDone = line == "done"
                }
                kills += 1
                child.kill()
            }
            runs += 1
        }
        return (kills, runs)
    }

    private struct UnexpectedLine: Error {
        let line: String
    }

    /// Runs what blocks its thread where it keeps nobody else from working.
    private static func onItsOwnThread<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}

import Foundation
import Penstock
import PenstockSQLite
import PenstockTesting
import Testing

@Suite("The histories of real processes, really killed", .serialized)
struct HistoryKillTests {
    /// How many kills: 20 in the normal run, 500 in the long one.
    private static let kills = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == nil ? 20 : 500

    @Test(.timeLimit(.minutes(60)))
    func `are linearizable when the one after goes on where the one before was killed`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-history-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "app.db").path
        let seed = UInt64.random(in: .min ... .max)
        print("kill -9 of clients, seed: \(seed)")
        let random = SeededEntropy(seed: seed)
        let (texts, deaths) = try await Self.onItsOwnThread { try Self.killOverAndOver(path, seed, random) }

        let store = try await SQLiteStore(path: path)
        let recorder = HistoryRecorder(process: Self.kills, clock: .uptime)
        try await HistoryTrial(seed: seed).finish(over: store, into: recorder)
        await store.close()
        var history = try History(texts: texts + [recorder.history.text])
        for (process, death) in deaths.enumerated() {
            history.ended(process: process, at: death.before, goneBy: death.after)
        }
        let report = HistoryCheck(history).run()
        print("figure: histories over \(Self.kills) kills: \(report)")
        #expect(report.isSound, "with seed \(seed): \(report)")
        #expect(report.calls > Self.kills * 10)
    }

    /// Kills one process after the other.
    /// - Returns: what each has written, and instants before and after its end.
    private static func killOverAndOver(
        _ path: String,
        _ seed: UInt64,
        _ random: SeededEntropy
    ) throws -> (texts: [String], deaths: [(before: Int64, after: Int64)]) {
        var texts: [String] = []
        var deaths: [(before: Int64, after: Int64)] = []
        for process in 0..<Self.kills {
            let arguments = ["history", path, "\(seed &+ UInt64(process))", "\(process)"]
            var child = try ChildProcess("CrashWorker", arguments)
            var text = ""
            // Killed while opening, just after, or some way into the work: by its own progress, not by a clock.
            for _ in 0..<Int(random.next() % 400) { text += (try child.line() ?? "it has ended by itself") + "\n" }
            let before = HistoryClock.uptime.now
            texts.append(text + (try child.killed()))
            deaths.append((before, HistoryClock.uptime.now))
        }
        return (texts, deaths)
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

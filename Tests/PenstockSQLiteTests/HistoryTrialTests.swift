import Foundation
import Penstock
import PenstockSQLite
import PenstockTesting
import Testing

@Suite("The histories of clients of a store in a file", .timeLimit(.minutes(60)))
struct HistoryTrialTests {
    /// `PENSTOCK_LONG=1` looks at many more.
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == "1"

    @Test func `are linearizable on all threads`() async throws {
        for seed in 0..<UInt64(Self.isLong ? 100 : 2) {
            let folder = try Folder()
            let report = try await HistoryTrial(seed: seed).run { try await openStore(folder.database) }
            print("seed \(seed): \(report)")
            #expect(report.isSound, "with seed \(seed): \(report)")
        }
    }
}

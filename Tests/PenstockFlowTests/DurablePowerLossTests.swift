import CrashWorkload
import Foundation
import Penstock
import PenstockFlow
import PenstockSQLite
import PenstockSQLiteTesting
import PenstockTesting
import Testing

/// The power fails at the operations of a disk while a graph runs on it; then it is run again on what is left.
@Suite("Graphs whose power fails", .timeLimit(.minutes(600)))
struct DurablePowerLossTests {
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil
    private static let count = 40

    private static var settings: CrashDisk.Settings {
        var settings = CrashDisk.Settings()
        settings.checkpointFrames = 20
        return settings
    }

    /// Runs the graph on a disk, and looks at what is in the end.
    /// - Returns: what is in the queue, sorted, and what else is there; `nil` when the disk failed before the end.
    static func run(on disk: CrashDisk, seed: UInt64) throws -> (items: [GraphWorkload.Outcome], left: [String])? {
        let simulation = Simulation(seed: seed)
        do {
            return try simulation.run { [environment = simulation.environment] in
                let store = try await disk.open(environment)
                do {
                    let output = try Queue<GraphWorkload.Outcome>("out", in: store)
                    let graph = try GraphWorkload.graph()
                    let sizes = GraphWorkload.sizes
                    _ = try await graph.run(0..<Self.count, in: store, as: "run", to: output, sizes: sizes)
                    let rows = try await store.items(ItemQuery(.roots(queue: nil)))
                    let items = try rows.filter { $0.queue == "out" }.map {
                        try $0.payload.decode(as: GraphWorkload.Outcome.self)
                    }
                    await store.close()
                    return (items.sorted(), rows.filter { $0.queue != "out" }.map(\.queue))
                } catch {
                    await store.close()
                    throw error
                }
            }
        } catch {
            guard disk.isStopped else { throw error }
            return nil
        }
    }

    @Test func `whatever is left of a run, it comes to the same when it is run again`() async throws {
        let expected = try await GraphWorkload.expected(Self.count)
        let whole = CrashDisk(Self.settings)
        #expect(try #require(try Self.run(on: whole, seed: 0)).items == expected)
        let points = whole.count()
        #expect(points > 200)
        let seed = UInt64.random(in: 0..<1 << 32)
        // Each of them in the long run, otherwise some that are another each time.
        let step = Self.isLong ? 1 : max(1, points / 60)
        var states = 0
        for point in stride(from: 1 + (Self.isLong ? 0 : Int(seed) % step), through: points, by: step) {
            let disk = CrashDisk(Self.settings)
            disk.setFault(.stop(at: point))
            // At the last of them all is done, and the store is about to be closed.
            _ = try Self.run(on: disk, seed: 0)
            let images = (0..<UInt64(Self.isLong ? 10 : 1)).map { disk.afterPowerFailure(seed: seed &+ $0) }
            for after in [disk.afterKill()] + images {
                states += 1
                #expect(try after.copy().verifyUnlessEmpty(), "point \(point), seed \(seed)")
                let end = try #require(try Self.run(on: after, seed: seed), "point \(point), seed \(seed)")
                #expect(end.items == expected, "point \(point), seed \(seed)")
                #expect(end.left == ["run"], "point \(point), seed \(seed)")
            }
        }
        print("figure: power fails under graphs: \(points) operations, \(states) states of the disk")
    }

    /// A test that finds nothing wrong on a disk that does not sync would find nothing anywhere.
    @Test func `a disk that does not sync is found out`() async throws {
        let expected = try await GraphWorkload.expected(Self.count)
        var settings = Self.settings
        settings.honorsSyncs = false
        var bad = 0
        for point in stride(from: 50, to: 2000, by: 50) where bad == 0 {
            let disk = CrashDisk(settings)
            disk.setFault(.stop(at: point))
            _ = try Self.run(on: disk, seed: 0)
            let after = disk.afterPowerFailure(seed: UInt64(point))
            let end = try? Self.run(on: after, seed: 0)
            if end?.items != expected { bad += 1 }
        }
        #expect(bad > 0)
    }
}

extension CrashDisk {
    /// Whether what is there is sound; a disk on which there is no store yet is.
    fileprivate func verifyUnlessEmpty() throws -> Bool {
        do throws(PenstockError) {
            return try self.verify().isSound
        } catch {
            guard error.code == .storeUnusable else { throw error }
            return true
        }
    }
}

import Penstock
import PenstockSQLiteTesting
import PenstockTesting
import Testing

@Suite("The power fails under an engine", .timeLimit(.minutes(60)))
struct DiskEngineTests {
    private static let matrix = CrashMatrix(runs: isLongRun ? 2 : 1) { _, environment in
        try await CrashDisk(busyDisk).open(environment)
    }

    /// Runs the program until the power fails, if it does, and again on what is left.
    /// - Returns: the disk of the first life.
    @discardableResult
    private static func life(
        _ matrix: CrashMatrix,
        _ settings: CrashDisk.Settings = busyDisk,
        stop point: Int?,
        seed: UInt64
    ) throws -> CrashDisk {
        let (simulation, disk) = (Simulation(seed: seed), CrashDisk(settings))
        return try simulation.run(for: .seconds(600)) { [environment = simulation.environment] in
            disk.setFault(point.map { .stop(at: $0) })
            let store = CrashingStore(over: try await disk.open(environment)) { disk.isStopped }
            try await matrix.check(store) {
                let after = point == nil ? disk.copy() : disk.afterPowerFailure(seed: UInt64(point ?? 0) &+ seed)
                return try await after.open(environment)
            }
            return disk
        }
    }

    /// How many operations change the disk when nothing goes wrong, and how many of them open the store.
    private static func points() throws -> ClosedRange<Int> {
        let opened = CrashDisk(busyDisk)
        let simulation = Simulation()
        try simulation.run { [environment = simulation.environment] in _ = try await opened.open(environment) }
        return try opened.count() + 1...Self.life(Self.matrix, stop: nil, seed: 0).count()
    }

    @Test func `its workflows come to the same, whatever is left of them`() throws {
        let (clock, matrix, points) = (ContinuousClock(), Self.matrix, try Self.points())
        #expect(points.count > 100)
        let begin = clock.now
        let rounds = isLongRun ? 5 : 1
        for point in points {
            for round in 0..<UInt64(rounds) {
                do {
                    try Self.life(matrix, stop: point, seed: round)
                } catch {
                    Issue.record("operation \(point), seed \(round): \(error)")
                    return
                }
            }
        }
        // In another order of events there may be fewer operations.
        #expect(matrix.deaths > points.count * rounds / 2)
        let time = begin.duration(to: clock.now)
        let hour = Int(Double(points.count * rounds) / (time / .seconds(1)) * 3600)
        print("figure: the power fails under an engine: at \(points.count) operations, \(matrix.deaths) times")
        print("figure: simulated lives of an engine on SQLite: \(hour) an hour on one core")
    }

    @Test func `equal seeds do the same to the disk, and others something else`() throws {
        var settings = busyDisk
        settings.recordsEvents = true
        let lives = try (0..<4 as Range<UInt64>).map { seed in
            try (0..<2).map { _ in try Self.life(Self.matrix, settings, stop: nil, seed: seed).events }
        }
        for (seed, life) in lives.enumerated() {
            #expect(life[0].count > 100)
            #expect(life[0] == life[1], "seed \(seed)")
        }
        #expect(Set(lives.map { $0[0] }).count == lives.count)
    }
}

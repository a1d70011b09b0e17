import DiskWorkload
import Penstock
import PenstockSQLiteTesting
import PenstockTesting
import Testing

/// The disk reports an error, once or for ever, or is full: nothing is acknowledged that is not there, the process goes
/// on or its store closes, and when the disk works again, so does everything else.
@Suite("The disk reports an error", .timeLimit(.minutes(60)))
struct DiskErrorTests {
    /// A disk whose log has its room from the beginning, as in production, though less of it.
    private static var settings: CrashDisk.Settings {
        var settings = busyDisk
        settings.logBytes = 20_000
        return settings
    }

    /// A program that is refused so often before it gives up.
    private static func program(patience: Int) -> DiskProgram {
        isLongRun ? DiskProgram(moves: 40, runs: 12) { $0 < patience } : DiskProgram { $0 < patience }
    }

    /// How many operations the program asks for.
    private static func count(_ operations: Set<DiskOperation>) throws -> Int {
        let disk = CrashDisk(Self.settings)
        try Self.program(patience: 0).run(on: disk, seed: 0)
        return disk.count(of: operations)
    }

    /// What is wrong after the power has failed, in some of the states that it may leave.
    private static func problems(_ program: DiskProgram, _ disk: CrashDisk, isOver: Bool, seed: Int) throws -> [String]
    {
        try (0..<(isLongRun ? 3 : 1)).flatMap { number in
            let image = disk.image(seed: UInt64(seed * 3 + number))
            return try program.problems(on: image, told: program.told, isOver: isOver)
        }
    }

    @Test func `an error at any operation, once, is survived`() throws {
        let points = try Self.count(Set(DiskOperation.allCases))
        #expect(points > 200)
        for point in 1...points {
            let (program, disk) = (Self.program(patience: 5), CrashDisk(Self.settings))
            disk.setFault(.fail(at: point))
            // Whoever cannot open a store tries again. Over an open one, the program does.
            if let error = try program.run(on: disk, seed: 0) {
                try #require(!program.told.isPrepared, "point \(point): \(error)")
                try #require(program.run(on: disk, seed: 0) == nil, "point \(point)")
            }
            try #require(Self.problems(program, disk, isOver: true, seed: point) == [], "point \(point)")
        }
        print("figure: an error of the disk at every operation, once: \(points) points")
    }

    @Test func `a disk that fails for ever from any operation on is given up in good order`() throws {
        let points = try Self.count(Set(DiskOperation.allCases))
        for point in 1...points {
            let (program, disk) = (Self.program(patience: 3), CrashDisk(Self.settings))
            disk.setFault(.fail(at: point, count: .max))
            // Its store closes, or there is nothing left that could fail.
            let error = try program.run(on: disk, seed: 0)
            let isOver = error == nil
            try #require(Self.problems(program, disk, isOver: isOver, seed: point) == [], "point \(point)")
            disk.setFault(nil)
            try #require(program.problems(on: disk.copy(), told: program.told) == [], "point \(point)")
            try #require(program.run(on: disk, seed: 0) == nil, "point \(point)")
            try #require(Self.problems(program, disk, isOver: true, seed: point) == [], "point \(point)")
        }
        print("figure: an error of the disk at every operation, for ever: \(points) points")
    }

    @Test func `after a sync that failed nothing is acknowledged that only seems to be there`() throws {
        let whole = CrashDisk(Self.settings)
        try DiskProgram().run(on: whole, seed: 0)
        let points = whole.count(of: [.sync])
        #expect(points > 20)
        let findings = Findings()
        // In each round something else of what was to be synced has arrived.
        let rounds = isLongRun ? 24 : 2
        for point in 1...points {
            for round in 0..<rounds {
                try Self.failSync(point, isKilled: round % 2 == 1, seed: UInt64(point * rounds + round), findings)
                try #require(findings.problems == [])
            }
        }
        print("figure: failed syncs: \(points * rounds), and \(findings.looked) states of the disk after them")
    }

    /// Runs the program while one sync fails, and looks at what the power may leave of everything after that.
    ///
    /// - Parameter isKilled: Whether the process is killed soon after, so that another reads what the system shows.
    private static func failSync(_ point: Int, isKilled: Bool, seed: UInt64, _ findings: Findings) throws {
        var settings = Self.settings
        settings.seed = seed
        let program = DiskProgram { $0 < 5 }
        @Sendable func look(_ disk: CrashDisk) {
            let changes = disk.count()
            guard changes % 12 == 0 else { return }
            findings.look(at: disk.image(seed: seed &+ UInt64(changes)), of: program, "sync \(point), seed \(seed)")
        }
        var disk = CrashDisk(settings)
        disk.setFault(.fail(at: point, of: [.sync]))
        disk.afterEveryChange { [disk = disk as CrashDisk] in
            let syncs = disk.count(of: [.sync])
            if syncs >= point { look(disk) }
            if isKilled, syncs > point { disk.stop() }
        }
        var error = try program.run(on: disk, seed: 0)
        // Once for the sync, if it was of the opening, and once for the kill.
        for _ in 0..<2 where error != nil {
            if disk.isStopped {
                disk.afterEveryChange(nil)
                disk = disk.afterKill()
                disk.afterEveryChange { [disk = disk as CrashDisk] in look(disk) }
            }
            error = try program.run(on: disk, seed: 0)
        }
        #expect(error == nil, "sync \(point)")
        disk.afterEveryChange(nil)
        try #require(Self.problems(program, disk, isOver: true, seed: point) == [], "sync \(point)")
    }

    @Test func `a disk that is full from any write on takes up its work when there is room again`() throws {
        let points = try Self.count([.write])
        for point in 1...points {
            let disk = CrashDisk(Self.settings)
            // There is room again when the program has been refused three times.
            let program = DiskProgram { [disk = disk as CrashDisk] refusals in
                if refusals == 3 { disk.setFault(nil) }
                return true
            }
            disk.setFault(.full(at: point))
            if try program.run(on: disk, seed: 0) != nil {
                try #require(!program.told.isPrepared, "point \(point)")
                disk.setFault(nil)
                try #require(program.run(on: disk, seed: 0) == nil, "point \(point)")
            }
            try #require(Self.problems(program, disk, isOver: true, seed: point) == [], "point \(point)")
        }
        print("figure: a disk that is full from every write on: \(points) points")
    }
}

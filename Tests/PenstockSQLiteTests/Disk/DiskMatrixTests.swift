import DiskWorkload
import Foundation
import Penstock
import PenstockSQLiteTesting
import PenstockTesting
import Testing

/// The settings of a disk for a program that checkpoints all the time.
var busyDisk: CrashDisk.Settings {
    var settings = CrashDisk.Settings()
    settings.checkpointFrames = 8
    return settings
}

/// Whether the long tests are wanted.
let isLongRun = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil

@Suite("The power fails at every operation of the disk", .timeLimit(.minutes(60)))
struct DiskMatrixTests {
    /// How many operations change the disk when nothing goes wrong.
    private static func points() throws -> Int {
        let whole = CrashDisk(busyDisk)
        #expect(try DiskProgram().run(on: whole, seed: 0) == nil)
        return whole.count()
    }

    @Test func `whatever is left of a program, it is whole, and comes to its end when it is run again`() throws {
        let points = try Self.points()
        #expect(points > 200)
        var states = 0
        for point in 1...points {
            let (program, disk) = (DiskProgram(), CrashDisk(busyDisk))
            disk.setFault(.stop(at: point))
            try program.run(on: disk, seed: 0)
            #expect(disk.isStopped, "point \(point)")
            let told = program.told
            let seeds = UInt64(point * 100)..<UInt64(point * 100 + (isLongRun ? 50 : 1))
            for after in [disk.afterKill()] + seeds.map({ disk.afterPowerFailure(seed: $0) }) {
                states += 1
                try #require(program.problems(on: after.copy(), told: told) == [], "point \(point), state \(states)")
                try #require(program.run(on: after, seed: 0) == nil, "point \(point), state \(states)")
                let problems = try program.problems(on: after, told: told, isOver: true)
                try #require(problems == [], "point \(point), state \(states)")
            }
        }
        print("figure: the power fails at every operation: \(points) points, \(states) states of the disk")
    }

    /// The power fails, and while a process takes up what is left, something goes wrong again, and again.
    @Test func `what goes wrong while what is left is taken up makes it no worse`() throws {
        let lives = isLongRun ? 10_000 : 100
        let points = try Self.points()
        let seed = UInt64.random(in: 0..<1 << 60)
        var failures = 0
        for number in 0..<UInt64(lives) {
            var chance = SeededGenerator(seed: seed &+ number)
            let program = DiskProgram()
            var disk = CrashDisk(busyDisk)
            disk.setFault(.stop(at: Int.random(in: 1...points, using: &chance)))
            for _ in 0..<3 {
                if try program.run(on: disk, seed: number) != nil { failures += 1 }
                disk = chance.next() % 4 == 0 ? disk.afterKill() : disk.afterPowerFailure(seed: chance.next())
                let problems = try program.problems(on: disk.copy(), told: program.told)
                try #require(problems == [], "life \(number) of seed \(seed)")
                // Soon, so that it is mostly the recovery that is struck.
                let next = Int.random(in: 1...60, using: &chance)
                disk.setFault(chance.next() % 2 == 0 ? .stop(at: next) : .fail(at: next, count: 1 + next % 2))
            }
            disk.setFault(nil)
            try #require(program.run(on: disk, seed: number) == nil, "life \(number) of seed \(seed)")
            let problems = try program.problems(on: disk, told: program.told, isOver: true)
            try #require(problems == [], "life \(number) of seed \(seed)")
        }
        #expect(failures > lives)
        print("figure: failures within recoveries: \(failures) in \(lives) lives, seed \(seed)")
    }
}

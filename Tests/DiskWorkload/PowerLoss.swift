package import PenstockSQLiteTesting
import PenstockTesting
import Synchronization

/// The power fails at any moment of a program's life, or the log of its store is cut anywhere.
package enum PowerLoss {
    /// The program whose disk is looked at.
    private static var program: DiskProgram { DiskProgram(moves: 60, runs: 10) }

    /// The settings of a disk whose log is copied into the database every now and then.
    package static func settings(_ change: (inout CrashDisk.Settings) -> Void = { _ in }) -> CrashDisk.Settings {
        var settings = CrashDisk.Settings()
        settings.checkpointFrames = 20
        change(&settings)
        return settings
    }

    /// Runs the program and looks at states of its disk from all over its life, until something is wrong.
    package static func lose(
        _ settings: CrashDisk.Settings,
        states: Int,
        seed: UInt64
    ) throws -> (looked: Int, problems: [String]) {
        let whole = CrashDisk(settings)
        try Self.program.run(on: whole, seed: 0)
        let changes = whole.count()
        var chance = SeededGenerator(seed: seed)
        var moments = [Int](repeating: 0, count: changes + 1)
        for _ in 0..<states { moments[Int.random(in: 1...changes, using: &chance)] += 1 }
        let (disk, program, findings) = (CrashDisk(settings), Self.program, Findings())
        disk.afterEveryChange { [disk = disk as CrashDisk, moments = moments as [Int]] in
            let change = disk.count()
            for number in 0..<moments[change] where findings.problems.isEmpty {
                let image = disk.image(seed: seed &+ UInt64(change * 1000 + number))
                findings.look(at: image, of: program, "after change \(change)")
            }
        }
        try program.run(on: disk, seed: 0)
        disk.afterEveryChange(nil)
        return (findings.looked, findings.problems)
    }
}

/// A program's log that was never copied into the database, and what had been acknowledged when it ended where.
package struct LogCuts {
    private let log: CrashDisk
    private let program: DiskProgram
    /// After each write to the log: where it ended, and what was acknowledged by then.
    private let ends: [(bytes: Int, told: DiskProgram.Told)]

    /// From where to where the log can be cut.
    package let bytes: ClosedRange<Int>

    /// Runs the program, until it has ended.
    package init() throws {
        let disk = CrashDisk(PowerLoss.settings { ($0.checkpointFrames, $0.recordsEvents) = (4000, true) })
        let program = DiskProgram(moves: 60, runs: 10)
        let ends = Mutex<[(bytes: Int, told: DiskProgram.Told)]>([])
        let left = Mutex<CrashDisk?>(nil)
        disk.afterEveryChange { [disk = disk as CrashDisk] in
            guard let last = disk.events.last, last.isLog, program.told.isPrepared else { return }
            if last.operation == .write {
                ends.withLock { $0.append((last.offset + last.bytes.count, program.told)) }
                left.withLock { $0 = disk.copy() }
            }
        }
        try program.run(on: disk, seed: 0)
        let found = ends.withLock { $0 }
        guard let log = left.withLock({ $0 }), let first = found.first, let last = found.last else { throw NoLog() }
        (self.log, self.program, self.ends) = (log, program, found)
        self.bytes = first.bytes...last.bytes
    }

    /// The program has written nothing to a log, so there is nothing to cut.
    package struct NoLog: Error {}

    /// What is wrong when the log ends there: what had been acknowledged by then is to be there, whole.
    ///
    /// With `moment` it is what had been acknowledged when the log ended there.
    package func problems(cutAt cut: Int, asIfAt moment: Int? = nil) throws -> [String] {
        // The first write that the cut reaches into was asked for when that much had been acknowledged.
        guard let end = self.ends.last(where: { $0.bytes <= moment ?? cut }) else { throw NoLog() }
        let problems = try self.program.problems(on: self.log.cuttingLog(to: cut), told: end.told)
        return problems.map { "cut at \(cut): \($0)" }
    }
}

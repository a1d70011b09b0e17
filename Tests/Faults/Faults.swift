import Penstock
import PenstockTesting

#if canImport(Glibc)
import Glibc
#endif

/// Does faults to real processes, one scenario after the other, and reports what came of it.
///
/// `Faults [--long] [--only F1,F12] [--count N] [--minutes N] [--seed N] [--path FOLDER] [--report FILE]`
enum Faults {
    static let scenarios: [any Scenario] = [
        RandomKill(), KillAtCall(), StoreErrors(), PowerFailure(), TornLog(), FlippedBits(), ErrorAtCall(),
        SyncFailure(), DiskFull(), FileSizeLimit(), Exhaustion(), Pause(), Termination(), Poison(), BusyThreads(),
        ClockJumps(), SkewedWorkers(), Backlog(), Flood(), Herd(), RacedKeys(), ManyOwners(), NetworkDisk(),
        UnusableFiles(), EndRaces(), Families(), RestoredBackup(), KillsInRecovery(), Soak(),
    ]

    static func main() async -> Never {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "worker" { await WorkerProcess.run(Array(arguments.dropFirst())) }
        do {
            let options = try FaultOptions(arguments)
            let isGood = try await self.report(options)
            exit(isGood ? 0 : 1)
        } catch {
            say("faults: \(error)")
            exit(64)
        }
    }

    /// - Returns: whether no row is bad.
    private static func report(_ options: FaultOptions) async throws -> Bool {
        let wanted = self.scenarios.filter { options.only.isEmpty || options.only.contains($0.number) }
        guard wanted.count == options.only.count || options.only.isEmpty else {
            throw Unexpected("of \(options.only.sorted()) only \(wanted.map(\.number)) are known")
        }
        let folder = "\(options.path)/penstock-faults-\(getpid())"
        try Files.makeFolder(folder)
        defer { Files.remove(folder) }
        var report = try Report(options, probing: folder)
        for scenario in wanted {
            let row = await self.run(scenario, options, in: "\(folder)/\(scenario.number)")
            report.add(row)
            try report.write(to: options.report)
        }
        say("The report is in \(options.report).")
        return !report.rows.contains { $0.isBad }
    }

    private static func run(_ scenario: any Scenario, _ options: FaultOptions, in folder: String) async -> Report.Row {
        let count = options.count ?? (options.isLong ? scenario.counts.long : scenario.counts.short)
        let seed = options.seed ?? UInt64.random(in: .min ... .max)
        let trial = Trial(
            count: count,
            isLong: options.isLong,
            minutes: options.minutes,
            folder: folder,
            random: SeededEntropy(seed: seed)
        )
        let start = ContinuousClock.now
        var row = Report.Row(scenario, seed: seed)
        do {
            try Files.makeFolder(folder)
            let outcome = try await scenario.run(trial)
            row.count = outcome.count
            row.problems = outcome.problems
            row.figure = outcome.figure
            if outcome.count == 0 { row.problems.append("no fault was done") }
        } catch let unavailable as Unavailable {
            row.unavailable = unavailable.reason
        } catch let elsewhere as Elsewhere {
            row.elsewhere = elsewhere.reason
        } catch {
            row.problems = ["\(error)"]
        }
        row.seconds = start.duration(to: .now)
        // What a bad row left behind is looked at by somebody.
        if row.isBad, options.keeps {
            let place = "\(options.path)/penstock-faults-\(scenario.number)-kept"
            Files.remove(place)
            unsafe _ = rename(folder, place)
            say("      its files are in \(place)")
        }
        Files.remove(folder)
        return row
    }
}

/// What the command line says.
struct FaultOptions {
    var isLong = false
    var only: Set<String> = []
    var count: Int?
    var minutes = 1.0
    var seed: UInt64?
    var path = "/var/tmp"
    var report = ".build/faults/report.md"
    /// Whether the files of a bad row stay.
    var keeps = false

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        var minutes: Double?
        while let word = rest.popFirst() {
            switch word {
            case "--long": self.isLong = true
            case "--keep": self.keeps = true
            default:
                guard let value = rest.popFirst() else { throw Unexpected("'\(word)' is not known, or has no value") }
                switch word {
                case "--only": self.only = Set(value.split(separator: ",").map(String.init))
                case "--count": self.count = try Self.number(value, word, atLeast: 1)
                case "--minutes": minutes = try Self.number(value, word, atLeast: 0.1)
                case "--seed": self.seed = try Self.number(value, word, atLeast: UInt64.min)
                case "--path": self.path = value
                case "--report": self.report = value
                default: throw Unexpected("'\(word)' is not known")
                }
            }
        }
        self.minutes = minutes ?? (self.isLong ? 120 : 0.5)
    }

    private static func number<Number: LosslessStringConvertible & Comparable>(
        _ value: String,
        _ word: String,
        atLeast least: Number
    ) throws -> Number {
        guard let number = Number(value), number >= least else { throw Unexpected("'\(word) \(value)' is no number") }
        return number
    }
}

import Penstock
import PenstockCommands
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// F48: a backup is made while a process writes, and put in place while a process still holds leases.
struct RestoredBackup: Scenario {
    let number = "F48"
    let title = "an older backup put in place"
    let unit = "restores"
    let counts = (short: 8, long: 500)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var (orders, refused, owned) = (0, 0, 0)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let folder = try trial.newFolder("store")
            let (path, copy) = ("\(folder)/app.db", "\(folder)/copy.db")
            let store = try await SQLiteStore(path: path, environment: StoreCheck.quiet)
            try await HoldingWorker.fill(store)
            await store.close()
            try Self.backUp(path, to: copy, trial)
            let holder = try ChildProcess([HoldingWorker.name, path], log: "\(trial.folder)/log")
            try holder.line("held")
            outcome.problems += try Self.restoreOverOwner(copy, path, holder, trial)
            owned += 2
            holder.signal(SIGTERM)
            try holder.line("closed")
            let (status, said) = try CommandWorker.run(["restore", copy, path], trial)
            if status != .success { outcome.problems.append("restore: \(status), \(said)") }
            try Files.write("restored", to: HoldingWorker.sign(path))
            let words = try holder.line("refused").split(separator: " ")
            refused += words.last.flatMap { Int($0) } ?? 0
            _ = try holder.exit()
            // What the backup has of the orders is whole, and is brought to its end.
            let (problems, count) = try await Mixed(path: path, trial: trial).finish()
            outcome.problems += problems
            orders += count
            outcome.count += 1
        }
        outcome.figure = """
            backups made while a process wrote, \(Report.words(orders)) orders in them; \(Report.words(owned)) \
            attempts beside an owner, running and stopped, refused by name; \(Report.words(refused)) acts of \
            \(Report.words(refused)) under leases from before refused.
            """
        return outcome
    }

    /// Makes a backup while a process works, and has that process go on for a while.
    private static func backUp(_ path: String, to copy: String, _ trial: Trial) throws {
        let child = try Mixed(path: path, trial: trial).start()
        try child.line("order")
        child.listen(for: .milliseconds(trial.random(below: 100)))
        let (status, said) = try CommandWorker.run(["backup", path, copy], trial)
        guard status == .success else { throw Unexpected("backup: \(status), \(said)") }
        child.listen(for: .milliseconds(trial.random(below: 100)))
        child.kill()
    }

    /// A store that somebody has is not replaced, whether its owner runs or stands still.
    private static func restoreOverOwner(
        _ copy: String,
        _ path: String,
        _ holder: ChildProcess,
        _ trial: Trial
    ) throws -> [String] {
        var problems: [String] = []
        for isStopped in [false, true] {
            if isStopped { holder.signal(SIGSTOP) }
            let (status, said) = try CommandWorker.run(["restore", copy, path], trial)
            if status != .owned || !said.contains("process \(holder.pid) ") {
                problems.append("beside an owner\(isStopped ? " that is stopped" : ""): \(status), \(said)")
            }
            if isStopped { holder.signal(SIGCONT) }
        }
        return problems
    }
}

import Penstock
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// F42: a hundred tasks push the same key at once; the process is killed now and then, and the key raced for again.
struct RacedKeys: Scenario {
    let number = "F42"
    let title = "one key pushed a hundred times at once"
    let unit = "keys"
    let counts = (short: 1000, long: 100_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let path = try "\(trial.newFolder("store"))/app.db"
        var addresses: [Int: Int] = [:]
        var (next, kills) = (0, 0)
        while next < trial.count, outcome.problems.count < 5 {
            let child = try ChildProcess(
                [RaceWorker.name, path, "\(max(next - 5, 0))", "\(trial.count)"],
                log: "\(trial.folder)/log"
            )
            let end = next + 50 + trial.random(below: max(trial.count / 20, 1))
            while next < end, let line = try child.line(), line != "all" {
                if line.hasPrefix("error") { throw Unexpected(line) }
                let words = line.split(separator: " ").compactMap { Int($0) }
                guard words.count == 2 else { continue }
                // A key that was acknowledged has the same address for ever.
                if addresses.updateValue(words[1], forKey: words[0]) ?? words[1] != words[1] {
                    outcome.problems.append("key \(words[0]) has two addresses")
                }
                next = max(next, words[0] + 1)
            }
            child.kill()
            kills += 1
        }
        outcome.count = next
        // A key may have been made whose line was not read any more.
        outcome.problems += try await StoreCheck.problems(path: path) { store in
            let rows = try await Rows.integers(
                "SELECT count(*), count(DISTINCT key) FROM penstock_items WHERE queue = 'keys'",
                in: store
            )
            return rows[0][0] == rows[0][1] && rows[0][0] >= next ? [] : ["\(next) keys, and the rows are \(rows)"]
        }
        outcome.figure = "100 pushes each: one row, and one address for all; \(kills) processes killed."
        return outcome
    }
}

/// F43: eight processes want one file, of which one at a time owns it; and a copy of an owner keeps what it inherited.
struct ManyOwners: Scenario {
    let number = "F43"
    let title = "eight processes, one file"
    let unit = "owners killed"
    let counts = (short: 40, long: 5000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let path = try "\(trial.newFolder("store"))/app.db"
        let log = "\(trial.folder)/log"
        var children = try (0..<8).map { _ in try ChildProcess([OwnerWorker.name, path], log: log) }
        var said: [String: Int] = [:]
        let start = ContinuousClock.now
        while outcome.count < trial.count, outcome.problems.count < 5 {
            for child in children { try Self.listen(to: child, .zero, &said, &outcome) }
            // One of them is killed, whatever it is doing, and another takes its place.
            let victim = trial.random(below: children.count)
            try Self.listen(to: children[victim], .milliseconds(trial.random(below: 30)), &said, &outcome)
            children[victim].kill()
            try Self.listen(to: children[victim], .zero, &said, &outcome)
            children[victim] = try ChildProcess([OwnerWorker.name, path], log: log)
            outcome.count += 1
        }
        for child in children {
            child.kill()
            try Self.listen(to: child, .zero, &said, &outcome)
        }
        let acknowledged = said["ack", default: 0]
        outcome.problems += try await StoreCheck.problems(path: path) { store in
            let rows = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue = 'jobs'", in: store)
            return rows >= acknowledged ? [] : ["\(acknowledged) pushes were acknowledged, and \(rows) are there"]
        }
        if said["own", default: 0] == 0 { outcome.problems.append("nobody ever owned the file") }
        outcome.problems += try await Self.copyOwner(trial)
        outcome.figure = """
            in \(Int(start.duration(to: .now).seconds)) s \(Report.words(said["own", default: 0])) ownerships, never \
            two at once, and \(Report.words(said["told", default: 0])) refusals that name the owner; \
            \(Report.words(acknowledged)) acknowledged pushes are there; a forked copy keeps others out until it ends.
            """
        return outcome
    }

    /// Counts what a process says, for so long.
    private static func listen(
        to child: ChildProcess,
        _ time: Duration,
        _ said: inout [String: Int],
        _ outcome: inout Outcome
    ) throws {
        let end = ContinuousClock.now + time
        while case .line(let line) = child.news(within: ContinuousClock.now.duration(to: end)) {
            said[line, default: 0] += 1
            if line.hasPrefix("error") { outcome.problems.append(line) }
        }
    }

    /// An owner copies itself and is killed: the copy has its lock, so nobody else may have the file before it ends.
    private static func copyOwner(_ trial: Trial) async throws -> [String] {
        let path = try "\(trial.newFolder("copied"))/app.db"
        let log = "\(trial.folder)/log"
        let owner = try ChildProcess([OwnerWorker.name, path, "fork"], log: log)
        let words = try owner.line("copy").split(separator: " ")
        guard let copy = words.last.flatMap({ pid_t($0) }) else { return ["the copy has no number"] }
        defer { _ = kill(copy, SIGKILL) }
        owner.kill()
        let early = try ChildProcess([OpeningWorker.name, path], log: log)
        let answer = try early.line("error")
        guard try early.exit() == .code(WorkerExit.owned) else { return ["beside a copy of the owner: \(answer)"] }
        _ = kill(copy, SIGKILL)
        // The copy is not a child of this process, so nobody here can wait for its end.
        for _ in 0..<1000 {
            let late = try ChildProcess([OpeningWorker.name, path], log: log)
            while try late.line() != nil {}
            if try late.exit() == .code(WorkerExit.done) {
                return try await StoreCheck.problems(path: path) { _ in [] }
            }
        }
        return ["the file is not free, though the copy of its owner is gone"]
    }
}

/// F44: a network filesystem is refused, and nothing is written there.
struct NetworkDisk: Scenario {
    let number = "F44"
    let title = "a network filesystem"
    let unit = "kinds"
    let counts = (short: 5, long: 5)

    /// The numbers by which the kernel knows them, as the bytes of a word in hexadecimal, lowest first.
    private static let kinds = [
        ("NFS", "6969000000000000"), ("SMB", "7b51000000000000"), ("CIFS", "424d53ff00000000"),
        ("9P", "9719020100000000"), ("Ceph", "0064c30000000000"),
    ]

    func run(_ trial: Trial) async throws -> Outcome {
        try Strace.check()
        var outcome = Outcome(count: 0)
        for (name, bytes) in Self.kinds {
            let folder = try trial.newFolder("store")
            // The kernel's answer is changed: the first word says what kind of filesystem it is.
            let child = try ChildProcess(
                [OpeningWorker.name, "\(folder)/app.db"],
                under: Strace.command("statfs:poke_exit=@arg2=\(bytes)", log: "\(trial.folder)/strace"),
                log: "\(trial.folder)/log"
            )
            let answer = try child.line("error")
            let exit = try child.exit()
            if exit != .code(WorkerExit.unusable) || !answer.contains("is on \(name)") {
                outcome.problems.append("\(name): \(exit), and it said '\(answer)'")
            }
            let left = Files.names(in: folder)
            if !left.isEmpty { outcome.problems.append("\(name): \(left) was written") }
            outcome.count += 1
        }
        outcome.figure = "\(Self.kinds.map(\.0).joined(separator: ", ")): refused by name, nothing written."
        return outcome
    }
}

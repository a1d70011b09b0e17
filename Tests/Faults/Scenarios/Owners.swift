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

    /// What the processes have said.
    private final class Said {
        var counts: [String: Int] = [:]
        var keys: Set<String> = []
        var errors: [String] = []

        func hear(_ line: String) {
            if line.hasPrefix("error") { self.errors.append(line) }
            guard line.hasPrefix("ack ") else {
                self.counts[line, default: 0] += 1
                return
            }
            self.keys.insert(String(line.dropFirst(4)))
        }
    }

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let path = try "\(trial.newFolder("store"))/app.db"
        let said = Said()
        func start() throws -> ChildProcess {
            try ChildProcess([OwnerWorker.name, path], log: "\(trial.folder)/log", heard: { said.hear($0) })
        }
        var children = try (0..<8).map { _ in try start() }
        let begin = ContinuousClock.now
        while outcome.count < trial.count, said.errors.count < 5 {
            for child in children { child.listen(for: .zero) }
            // One of them is killed, whatever it is doing, and another takes its place.
            let victim = trial.random(below: children.count)
            children[victim].listen(for: .milliseconds(trial.random(below: 30)))
            children[victim].kill()
            children[victim] = try start()
            outcome.count += 1
        }
        for child in children { child.kill() }
        outcome.problems += said.errors
        outcome.problems += try await StoreCheck.problems(path: path) { store in
            var keys = said.keys
            for row in try await Rows.all("SELECT key FROM penstock_items WHERE queue = 'jobs'", in: store) {
                if let key = row[0].text { keys.remove(key) }
            }
            return keys.isEmpty ? [] : ["\(keys.count) acknowledged pushes are lost: \(keys.sorted().prefix(5))"]
        }
        let (own, told) = (said.counts["own", default: 0], said.counts["told", default: 0])
        if own == 0 { outcome.problems.append("nobody ever owned the file") }
        outcome.problems += try await Self.copyOwner(trial)
        let replaced = max(trial.count / 50, 2)
        for number in 0..<replaced { outcome.problems += try await Self.replaceFile(trial, removes: number % 2 == 0) }
        outcome.figure = """
            in \(Int(begin.duration(to: .now).seconds)) s \(Report.words(own)) ownerships, never two at once, and \
            \(Report.words(told)) refusals that name the owner; \(Report.words(said.keys.count)) acknowledged pushes \
            are there; a forked copy keeps others out until it ends; \(replaced) owners whose file was replaced or \
            moved away stopped.
            """
        return outcome
    }

    /// The file of an owner is replaced or moved away: it stops, says why, and writes nothing into the new one.
    private static func replaceFile(_ trial: Trial, removes: Bool) async throws -> [String] {
        let folder = try trial.newFolder("replaced")
        let (path, old) = ("\(folder)/app.db", "\(folder)/old.db")
        let other = try ChildProcess([OpeningWorker.name, "\(folder)/other.db"], log: "\(trial.folder)/log")
        try other.line("all")
        _ = try other.exit()
        let owner = try Mixed(path: path, trial: trial).start()
        try owner.line("order")
        // The name that the file had is nobody's, or another file's.
        guard unsafe rename(path, old) == 0, unsafe removes || rename("\(folder)/other.db", path) == 0 else {
            throw Unexpected("the files cannot be renamed: \(Files.reason)")
        }
        let answer = try owner.line("error")
        var problems: [String] = []
        if try owner.exit() == .code(WorkerExit.done) || !answer.contains("while the store was open") {
            problems.append("the file was replaced, and its owner said: \(answer)")
        }
        problems += try SQLiteStore.verify(path: old).problems
        if removes {
            if Files.size(path) > 0 { problems.append("a file was made in the place of the one that was moved") }
        } else {
            problems += try await StoreCheck.problems(path: path) { store in
                let rows = try await Rows.count("SELECT count(*) FROM penstock_items WHERE queue <> 'probe'", in: store)
                return rows == 1 ? [] : ["the new file had one item, and has \(rows)"]
            }
        }
        return problems
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

#if canImport(Glibc)
import Glibc
#endif

/// F11: a process that may open too few files, start too few threads, or take too little memory.
///
/// It works, says what it cannot have, waits for it, or is ended by Swift's own runtime, which cannot do without; and
/// whatever came of it, nothing is damaged, and it works when the limit is lifted.
struct Exhaustion: Scenario {
    let number = "F11"
    let title = "no files, threads or memory left"
    let unit = "limits"
    let counts = (short: 30, long: 300)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var ends: [String: Int] = [:]
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let folder = try trial.newFolder("store")
            let path = "\(folder)/app.db"
            let (limit, lifting, wrapper) = Self.limit(outcome.count, trial)
            unsafe _ = chmod(folder, 0o777)
            let child = try ChildProcess([OpeningWorker.name, path], under: wrapper, log: "\(trial.folder)/log")
            var (last, isWaiting) = ("", false)
            switch child.news(within: .milliseconds(400)) {
            case .line(let line): last = line
            case .end: break
            case .nothing:
                // Swift's pool waits for a thread that it cannot start.
                isWaiting = true
                guard ChildProcess.run(lifting + ["--pid", "\(child.pid)"]) else {
                    throw Unavailable(reason: "prlimit is missing, or may not set limits here")
                }
            }
            while let line = try child.line() { last = line }
            let exit = try child.exit()
            if let end = Self.end(exit, last, isWaiting) {
                ends[end, default: 0] += 1
            } else {
                outcome.problems.append("\(limit): \(exit), and at last '\(last)'")
            }
            let free = try ChildProcess([OpeningWorker.name, path], log: "\(trial.folder)/log")
            let said = try free.line("all")
            if try free.exit() != .code(WorkerExit.done) { outcome.problems.append("\(limit): then \(said)") }
            outcome.problems += try await StoreCheck.problems(path: path) { _ in [] }.map { "\(limit): \($0)" }
            outcome.count += 1
        }
        outcome.figure = ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") + "."
        return outcome
    }

    /// A limit, the command that lifts it, and the one that sets it.
    private static func limit(_ number: Int, _ trial: Trial) -> (limit: String, lifting: [String], wrapper: [String]) {
        switch number % 3 {
        case 0:
            let limit = "--nofile=\(4 + number / 3 % 14)"
            return (limit, ["prlimit", "--nofile=1024"], ["prlimit", "\(limit):1024"])
        case 1:
            // Whoever may do anything has no limit of threads, so somebody else is asked for it.
            let limit = "--nproc=\(1 + number / 3 % 9)"
            let user = ["setpriv", "--reuid=65534", "--clear-groups"]
            return (limit, user + ["prlimit", "--nproc=1000:"], user + ["prlimit", "\(limit):"])
        default:
            let limit = "--as=\((30 + trial.random(below: 120)) << 20)"
            return (limit, ["prlimit", "--as=unlimited"], ["prlimit", "\(limit):unlimited"])
        }
    }

    /// What became of a process; `nil` for what must not.
    private static func end(_ exit: ChildProcess.Exit, _ last: String, _ isWaiting: Bool) -> String? {
        switch exit {
        case .code(WorkerExit.done) where last == "all": isWaiting ? "waited and then worked" : "worked"
        case .code(WorkerExit.unavailable) where last.hasPrefix("error: "): "refused in words"
        case .signal(SIGILL), .signal(SIGTRAP), .signal(SIGABRT), .code(127): "ended by Swift's runtime or the loader"
        default: nil
        }
    }
}

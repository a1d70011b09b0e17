#if canImport(Glibc)
import Glibc
#endif

/// A small disk in memory, which can be filled.
final class SmallDisk {
    let folder: String
    private var ballast: String { "\(self.folder)/ballast" }

    init(at folder: String, megabytes: Int) throws {
        self.folder = folder
        try Files.makeFolder(folder)
        guard ChildProcess.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "penstock-faults", folder]) else {
            throw Unavailable(reason: "no small disk can be mounted: that takes root")
        }
    }

    deinit {
        _ = ChildProcess.run(["umount", "-l", self.folder])
    }

    /// Takes all the room that is left.
    func fill() throws {
        let descriptor = unsafe open(self.ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Unexpected("the disk cannot be filled: \(Files.reason)") }
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: 0x5a, count: 1 << 20)
        var size = bytes.count
        while size >= 1024 {
            if unsafe write(descriptor, bytes, size) <= 0 { size /= 2 }
        }
    }

    /// Makes room again.
    func free() {
        unsafe _ = unlink(self.ballast)
    }
}

/// F9: the disk is full for a while, again and again.
struct DiskFull: Scenario {
    let number = "F9"
    let title = "a disk that is full for a while"
    let unit = "times"
    let counts = (short: 20, long: 200)

    private static let lives = 10

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var (times, orders) = (Times(), 0)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let disk = try SmallDisk(at: "\(trial.folder)/disk", megabytes: 192)
            let mixed = Mixed(path: "\(disk.folder)/app.db", trial: trial)
            let child = try mixed.start()
            try child.line("order")
            for _ in 0..<Self.lives where outcome.count < trial.count {
                let time = try Self.starve(child, on: disk, trial)
                times.add(time)
                outcome.count += 1
            }
            child.kill()
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        if times.worst > .seconds(5) { outcome.problems.append("the work went on only after \(times.worst)") }
        outcome.figure = "\(Report.words(orders)) orders; room to next result: \(times.words)."
        return outcome
    }

    /// Fills the disk until the process has noticed, and makes room again.
    /// - Returns: how long it took from there to the next result.
    private static func starve(_ child: ChildProcess, on disk: SmallDisk, _ trial: Trial) throws -> Duration {
        while true {
            try disk.fill()
            // What was freed by a checkpoint is taken, too, until something cannot be recorded.
            switch child.news(within: .milliseconds(1)) {
            case .line(let line):
                if line.hasPrefix("error") { throw Unexpected(line) }
                guard line.hasPrefix("notice nothing can be recorded") else { continue }
            case .nothing: continue
            case .end: throw Unexpected("the process did not survive a full disk")
            }
            break
        }
        // Some time passes, and nothing is lost by it.
        let end = ContinuousClock.now + .milliseconds(trial.random(below: 60))
        while case .line = child.news(within: ContinuousClock.now.duration(to: end)) {}
        disk.free()
        let freed = ContinuousClock.now
        try child.line("order")
        return freed.duration(to: .now)
    }
}

/// F10: files may not grow beyond a limit for a while; with the signal that comes with it ignored, and not.
struct FileSizeLimit: Scenario {
    let number = "F10"
    let title = "a limit on the size of files"
    let unit = "limits"
    let counts = (short: 10, long: 100)

    private static let lives = 5

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var (times, orders, deaths) = (Times(), 0, 0)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let path = try "\(trial.newFolder("store"))/app.db"
            let mixed = Mixed(path: path, trial: trial)
            for life in 0..<min(Self.lives, trial.count - outcome.count) {
                // The signal ends a process that does not expect it, which is a crash like any other.
                let isHeedless = life > 0
                let child = try mixed.start(isHeedless ? ["heedless"] : [])
                try child.line("order")
                try Self.limit(child, to: "\(1 << 20)")
                outcome.count += 1
                guard try Self.survives(child) else {
                    if isHeedless { throw Unexpected("a process that heeds no signal has ended") }
                    deaths += 1
                    continue
                }
                try Self.limit(child, to: "unlimited")
                let lifted = ContinuousClock.now
                try child.line("order")
                times.add(lifted.duration(to: .now))
                child.kill()
            }
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        outcome.figure = """
            \(Report.words(orders)) orders; end of the limit to next result: \(times.words); \(deaths) ended by SIGXFSZ.
            """
        return outcome
    }

    /// Waits until a process has noticed its limit.
    /// - Returns: whether it is still there. A thread of a pool heeds no signals, and neither do those that it starts.
    private static func survives(_ child: ChildProcess) throws -> Bool {
        while let line = try child.line() {
            if line.hasPrefix("notice nothing can be recorded") { return true }
            if line.hasPrefix("error") { throw Unexpected(line) }
        }
        let exit = try child.exit()
        guard exit == .signal(SIGXFSZ) else { throw Unexpected("the limit ended a process with \(exit)") }
        return false
    }

    private static func limit(_ child: ChildProcess, to size: String) throws {
        guard ChildProcess.run(["prlimit", "--pid", "\(child.pid)", "--fsize=\(size):unlimited"]) else {
            throw Unavailable(reason: "prlimit is missing, or may not set limits here")
        }
    }
}

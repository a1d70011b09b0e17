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

    func run(_ trial: Trial) async throws -> Outcome {
        var (outcome, times) = (Outcome(count: 0), Times())
        var disk: SmallDisk?
        let place = {
            // The one before has to be gone first.
            disk = nil
            let next = try SmallDisk(at: "\(trial.folder)/disk", megabytes: 192)
            disk = next
            return next.folder
        }
        try await trial.onStores(lives: 10, &outcome, in: place) { mixed, _, outcome in
            guard let disk else { return }
            times.add(try Self.starve(try mixed.running(), on: disk, trial))
            outcome.count += 1
        }
        if times.worst > .seconds(5) { outcome.problems.append("the work went on only after \(times.worst)") }
        outcome.figure = "\(Report.words(outcome.orders)) orders; room to next result: \(times.words)."
        return outcome
    }

    /// Fills the disk until the process has noticed, and makes room again.
    /// - Returns: how long it took from there to the next result.
    private static func starve(_ child: ChildProcess, on disk: SmallDisk, _ trial: Trial) throws -> Duration {
        try disk.fill()
        // What it said of the time before may still be in the pipe.
        child.listen(for: .milliseconds(20))
        let limit = ContinuousClock.now + .seconds(60)
        var isNoticed = false
        while !isNoticed {
            guard .now < limit else { throw Unexpected("a process has not noticed in a minute that its disk is full") }
            // What was freed by a checkpoint is taken, too, until something cannot be recorded.
            try disk.fill()
            switch child.news(within: .milliseconds(1)) {
            case .line(let line):
                if line.hasPrefix("error") { throw Unexpected(line) }
                isNoticed = line.hasPrefix(outageNotice)
            case .nothing: continue
            case .end: throw Unexpected("the process did not survive a full disk")
            }
        }
        // Some time passes, and nothing is lost by it.
        child.listen(for: .milliseconds(trial.random(below: 60)))
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

    func run(_ trial: Trial) async throws -> Outcome {
        var (outcome, times, deaths) = (Outcome(count: 0), Times(), 0)
        try await trial.onStores(lives: 5, &outcome) { mixed, life, outcome in
            // The signal ends a process that does not expect it, which is a crash like any other.
            let isHeedless = life > 0
            let child = try mixed.start(isHeedless ? ["heedless"] : [])
            try child.line("order")
            try child.limit("fsize=\(1 << 20)")
            outcome.count += 1
            guard try Self.survives(child) else {
                if isHeedless { throw Unexpected("a process that heeds no signal has ended") }
                deaths += 1
                return
            }
            try child.limit("fsize=unlimited")
            let lifted = ContinuousClock.now
            try child.line("order")
            times.add(lifted.duration(to: .now))
            child.kill()
        }
        outcome.figure = """
            \(Report.words(outcome.orders)) orders; end of the limit to next result: \(times.words); \(deaths) ended \
            by SIGXFSZ.
            """
        return outcome
    }

    /// Waits until a process has noticed its limit.
    /// - Returns: whether it is still there. A thread of a pool heeds no signals, and neither do those that it starts.
    private static func survives(_ child: ChildProcess) throws -> Bool {
        while let line = try child.line() {
            if line.hasPrefix(outageNotice) { return true }
            if line.hasPrefix("error") { throw Unexpected(line) }
        }
        let exit = try child.exit()
        guard exit == .signal(SIGXFSZ) else { throw Unexpected("the limit ended a process with \(exit)") }
        return false
    }
}

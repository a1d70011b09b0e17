#if canImport(Glibc)
import Glibc
#endif

/// F15: bodies keep every thread busy for three times as long as their leases, which they extend.
struct BusyThreads: Scenario {
    let number = "F15"
    let title = "all threads busy for three leases"
    let unit = "leases"
    let counts = (short: 40, long: 1000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: trial.count)
        let path = try "\(trial.newFolder("store"))/app.db"
        let child = try ChildProcess(
            [LeaseWorker.name, "heartbeat", path, "\(trial.count)"],
            log: "\(trial.folder)/log"
        )
        var (lost, notices): (String, [String]) = ("", [])
        while let line = try child.line() {
            if line.hasPrefix("lost") { lost = line }
            if line.hasPrefix("notice") || line.hasPrefix("error") { notices.append(line) }
        }
        _ = try child.exit()
        if lost != "lost 0" { outcome.problems = ["leases were lost: \(lost)"] + notices.prefix(3) }
        outcome.problems += try await LeaseCheck.problems(path: path, items: trial.count)
        outcome.figure = "none lost, extended from the body that is busy."
        return outcome
    }
}

/// F16: the wall clock jumps by an hour or a month, forth and back, while processes work.
struct ClockJumps: Scenario {
    let number = "F16"
    let title = "a wall clock that jumps"
    let unit = "jumps"
    let counts = (short: 40, long: 1000)

    private static let lives = 20

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        var (times, orders) = (Times(), 0)
        let (hour, month): (Int64, Int64) = (3_600_000, 30 * 86_400_000)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let folder = try trial.newFolder("store")
            let mixed = Mixed(path: "\(folder)/app.db", trial: trial)
            let clock = "\(folder)/clock"
            var offset: Int64 = 0
            try Self.set(clock, to: offset)
            var child = try mixed.start(["clock=\(clock)"])
            try child.line("order")
            for _ in 0..<min(Self.lives, trial.count - outcome.count) {
                let jump = [hour, -hour, month, -month][trial.random(below: 4)]
                offset = abs(offset + jump) > 2 * month ? 0 : offset + jump
                // Every other time the process is another one, which knows the time before from the file only.
                let isAnother = trial.random(below: 2) == 0
                if isAnother { child.kill() }
                try Self.set(clock, to: offset)
                let jumped = ContinuousClock.now
                if isAnother { child = try mixed.start(["clock=\(clock)"]) }
                // Lines that were written before the jump may still be in the pipe.
                for _ in 0..<200 { try child.line("order") }
                times.add(jumped.duration(to: .now))
                outcome.count += 1
            }
            child.kill()
            let (problems, count) = try await mixed.finish()
            outcome.problems += problems
            orders += count
        }
        outcome.figure =
            "+-1 h and +-30 d; \(Report.words(orders)) orders; jump to the 200th next result: \(times.words)."
        return outcome
    }

    private static func set(_ file: String, to offset: Int64) throws {
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        var offset = offset
        guard unsafe pwrite(descriptor, &offset, 8, 0) == 8 else { throw Unexpected("'\(file)' cannot be written") }
    }
}

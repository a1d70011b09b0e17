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

/// F17: workers whose clocks differ.
struct SkewedWorkers: Scenario {
    let number = "F17"
    let title = "workers whose clocks differ"
    let unit = "worlds"
    let counts = (short: 0, long: 0)

    func run(_ trial: Trial) async throws -> Outcome {
        throw Elsewhere(
            reason: """
                one process at a time owns a file or a store in memory, and there is no clock beside its own; what the \
                next owner makes of the times of the last, F16 says. With PostgreSQL it is another matter.
                """
        )
    }
}

/// F16: the wall clock jumps by an hour or a month, forth and back, or goes ten times too fast or too slow, while
/// processes work.
struct ClockJumps: Scenario {
    let number = "F16"
    let title = "a wall clock that jumps"
    let unit = "jumps"
    let counts = (short: 40, long: 1000)

    func run(_ trial: Trial) async throws -> Outcome {
        var (outcome, times) = (Outcome(count: 0), Times())
        let (hour, month): (Int64, Int64) = (3_600_000, 30 * 86_400_000)
        let clock = "\(trial.folder)/clock"
        var offset: Int64 = 0
        try await trial.onStores(lives: 20, &outcome) { mixed, life, outcome in
            if life == 0 {
                offset = 0
                try Self.set(clock, to: offset)
            }
            var child = try mixed.running(["clock=\(clock)"])
            let jump = [hour, -hour, month, -month][trial.random(below: 4)]
            offset = abs(offset + jump) > 2 * month ? 0 : offset + jump
            // Every other time the process is another one, which knows the time before from the file only.
            let isAnother = trial.random(below: 2) == 0
            if isAnother { mixed.kill() }
            try Self.set(clock, to: offset, thousandths: [1000, 1000, 100, 10_000][trial.random(below: 4)])
            let jumped = ContinuousClock.now
            if isAnother { child = try mixed.running(["clock=\(clock)"]) }
            // Lines that were written before the jump may still be in the pipe.
            for _ in 0..<200 { try child.line("order") }
            times.add(jumped.duration(to: .now))
            outcome.count += 1
        }
        if times.worst > .seconds(10) { outcome.problems.append("200 results took \(times.worst) after a jump") }
        outcome.figure = """
            +-1 h and +-30 d, and every other time ten times too fast or too slow from then on; \
            \(Report.words(outcome.orders)) orders; jump to the 200th next result: \(times.words).
            """
        return outcome
    }

    private static func set(_ file: String, to offset: Int64, thousandths: Int64 = 1000) throws {
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        var setting = (offset, thousandths)
        guard unsafe pwrite(descriptor, &setting, 16, 0) == 16 else { throw Unexpected("'\(file)' cannot be written") }
    }
}

/// F8: the disk fails to make durable what was written.
///
/// Nothing is acknowledged on the strength of such a sync, and the
/// file is opened again before anything is synced again.
struct SyncFailure: Scenario {
    let number = "F8"
    let title = "syncs that fail (EIO)"
    let unit = "failed syncs"
    let counts = (short: 60, long: 1000)

    func run(_ trial: Trial) async throws -> Outcome {
        try Strace.check()
        var outcome = Outcome(count: 0)
        var (acknowledged, reopened) = (0, 0)
        while outcome.count < trial.count, outcome.problems.count < 5 {
            // Mostly after the opening, which makes some twelve syncs of its own.
            let isEarly = trial.random(below: 4) == 0
            let (first, step) = ((isEarly ? 1 : 13) + trial.random(below: 12), 2 + trial.random(below: 4))
            let fault = "fdatasync:error=EIO:when=\(first)+\(step)"
            let life = try await Script.suffer(
                fault,
                alsoTracing: ["openat", "write"],
                transactions: 100,
                for: .seconds(60),
                trial
            )
            if life.exit == nil { outcome.problems.append("\(fault): the process hangs") }
            if life.last.hasPrefix("error"), !life.last.contains("storeUnavailable") {
                outcome.problems.append("\(fault): \(life.last)")
            }
            acknowledged += life.acknowledged
            var syncs = SyncLog(path: "\(trial.folder)/store/app.db")
            for line in Files.text(life.calls).split(separator: "\n") { syncs.follow(line) }
            outcome.count += syncs.failures
            reopened += syncs.reopenings
            outcome.problems += syncs.problems.map { "\(fault): \($0)" } + life.problems
        }
        outcome.figure = """
            \(Report.words(acknowledged)) acknowledgements, none after a sync that failed; opened again \
            \(Report.words(reopened)) times before the next sync.
            """
        return outcome
    }
}

/// Follows the log of a script's system calls: what happens between a sync that fails and the next.
struct SyncLog {
    private let path: String
    private(set) var failures = 0
    private(set) var reopenings = 0
    private(set) var problems: [String] = []
    /// The thread whose last sync has failed, and whether it has opened the log again since.
    private var failed: [Substring: Bool] = [:]
    private var hasLog = false

    init(path: String) {
        self.path = path
    }

    mutating func follow(_ line: Substring) {
        let thread = line.prefix { $0 != " " }
        if line.contains("fdatasync(") || line.contains("fdatasync resumed") {
            self.synced(by: thread, line)
        } else if line.contains("openat("), line.contains("\(self.path)-wal\","), self.failed[thread] == false {
            self.failed[thread] = true
            self.reopenings += 1
        } else if line.contains("write("), line.contains("\"ack "), !self.failed.isEmpty {
            self.problems.append("acknowledged after a sync that failed: \(line)")
        }
    }

    private mutating func synced(by thread: Substring, _ line: Substring) {
        guard !line.contains("unfinished") else { return }
        // Before it has a log, SQLite undoes what it could not sync by a journal; and it does not care for folders.
        guard line.contains("\(self.path)-wal>") || line.contains("resumed") || self.hasLog else { return }
        self.hasLog = true
        guard line.contains("resumed") || line.contains("\(self.path)-wal>") || line.contains("\(self.path)>") else {
            return
        }
        if self.failed[thread] == false {
            self.problems.append("synced again without opening the log again: \(line)")
        }
        if line.contains("= -1 EIO") {
            self.failures += 1
            self.failed[thread] = false
        } else {
            self.failed[thread] = nil
        }
    }
}

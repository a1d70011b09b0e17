import Penstock
import PenstockSQLite

/// What a database says about a demonstration, whatever its workers have said.
struct DemoAudit {
    /// Inputs whose run has not completed, or that are not recorded.
    private(set) var lost = 0
    /// Inputs that are recorded more than once.
    private(set) var twice = 0
    /// Steps that are recorded, and those of them that a process did not survive the first time.
    private(set) var steps = 0
    private(set) var begunAgain = 0
    /// From the kill to the first step that was recorded after it.
    private(set) var recovery: Duration?

    var isSound: Bool { self.lost == 0 && self.twice == 0 }

    /// Opens the database once more, and counts.
    init(
        of demonstration: any Demonstration,
        inputs: [String],
        database: String,
        killed: Timestamp,
        died: Timestamp
    ) async throws {
        let store = try await SQLiteStore(path: database)
        let control = Control(store: store)
        var completed: [String: Int] = [:]
        var last: ItemRecord?
        while true {
            let page = try await control.list(queue: demonstration.workflow, after: last, limit: 1000)
            guard let end = page.last else { break }
            last = end
            for run in page {
                if run.state == .completed { completed[run.key, default: 0] += 1 }
                try await self.count(control.journal(of: run), killed: killed, died: died)
            }
        }
        let recordings = try await demonstration.recordings(in: store)
        await store.close()
        for input in inputs {
            if completed[input] == nil || recordings[input] == nil { self.lost += 1 }
            if (completed[input] ?? 0) > 1 || (recordings[input] ?? 0) > 1 { self.twice += 1 }
        }
    }

    private mutating func count(_ journal: [ItemRecord], killed: Timestamp, died: Timestamp) {
        for step in journal {
            self.steps += 1
            if step.attempt > 1 { self.begunAgain += 1 }
            guard let settled = step.settled, settled > died else { continue }
            self.recovery = min(self.recovery ?? (settled - killed), settled - killed)
        }
    }
}

/// What a person is told at the end of a demonstration.
struct DemoReport {
    let watch: DemoWatch
    let audit: DemoAudit
    let time: Duration
    let database: String

    func write(to output: Output) {
        for line in self.watch.results { output.line(line) }
        output.line()
        let recovery = self.audit.recovery.map(Words.milliseconds) ?? "no step was left"
        let rows = [
            ("files", Words.count(self.watch.done), ""),
            ("steps recorded", Words.count(self.audit.steps), ""),
            ("answered from the journal", Words.count(self.watch.replayedSteps), "not run again"),
            ("under way at the kill", Words.count(self.audit.begunAgain), "begun again"),
            ("reviews answered", Words.count(self.watch.answered), ""),
            ("recorded twice", Words.count(self.audit.twice), ""),
            ("lost", Words.count(self.audit.lost), ""),
            ("from kill to next new step", recovery, ""),
            ("in all", Words.milliseconds(self.time), ""),
        ]
        for (name, value, remark) in rows {
            let gap = String(repeating: " ", count: max(40 - name.count - value.count, 2))
            output.line("  \(name)\(gap)\(value)" + (remark.isEmpty ? "" : "  \(remark)"))
        }
        let program = CommandContext.current.program
        output.line()
        output.line("The database is \(self.database). What next?")
        for command in ["list", "queues", "journal ~1", "verify"] {
            output.line("  \(program) \(command) --db \(self.database)")
        }
    }
}

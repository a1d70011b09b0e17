package import Penstock
import PenstockSQLite

/// What a database says about a demonstration, whatever its workers have said.
package struct DemoAudit {
    /// Inputs whose run has completed and that are recorded.
    package private(set) var files = 0
    /// Inputs whose run has not completed, or that are not recorded.
    package private(set) var lost = 0
    /// Inputs that are recorded more than once.
    package private(set) var twice = 0
    /// Steps that are recorded, and those of them that a process did not survive the first time.
    package private(set) var steps = 0
    package private(set) var begunAgain = 0
    /// From the kill to the first step that was recorded after it.
    package private(set) var recovery: Duration?

    package var isSound: Bool { self.lost == 0 && self.twice == 0 }

    /// Opens the database once more, and counts.
    package init(
        of demonstration: any Demonstration,
        inputs: [String],
        database: String,
        killed: Timestamp,
        died: Timestamp
    ) async throws {
        let store = try await SQLiteStore(path: database)
        do {
            let completed = try await self.countRuns(of: demonstration, in: store, killed: killed, died: died)
            let recordings = try await demonstration.recordings(in: store)
            for input in inputs {
                if completed.contains(input), recordings[input] != nil { self.files += 1 } else { self.lost += 1 }
                if recordings[input] ?? 0 > 1 { self.twice += 1 }
            }
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    /// Counts the steps of all runs.
    /// - Returns: the keys of the runs that have completed.
    private mutating func countRuns(
        of demonstration: any Demonstration,
        in store: any Store,
        killed: Timestamp,
        died: Timestamp
    ) async throws -> Set<String> {
        let control = Control(store: store)
        var completed: Set<String> = []
        var last: ItemRecord?
        while true {
            let page = try await control.list(queue: demonstration.workflow, after: last, limit: 1000)
            guard let end = page.last else { return completed }
            last = end
            for run in page {
                if run.state == .completed { completed.insert(run.key) }
                try await control.visitSteps(of: run) { step in
                    self.count(step, killed: killed, died: died)
                    return true
                }
            }
        }
    }

    private mutating func count(_ step: ItemRecord, killed: Timestamp, died: Timestamp) {
        self.steps += 1
        if step.attempt > 1 { self.begunAgain += 1 }
        guard let settled = step.settled, settled > died else { return }
        self.recovery = min(self.recovery ?? (settled - killed), settled - killed)
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
            // Not what the workers have said: one may be killed between doing something and saying so.
            ("files", Words.count(self.audit.files), ""),
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

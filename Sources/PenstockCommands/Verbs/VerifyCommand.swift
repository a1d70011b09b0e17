import Penstock
import PenstockSQLite

/// `verify`: looks through a database for damage, and sets aside what it finds if it is told to.
struct VerifyCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify",
            abstract: "Look through a database for damage",
            discussion: """
                Nothing is changed. With --quarantine damaged rows go into the table
                penstock_quarantine, byte for byte, and a run that has lost a step waits as
                diverged: restart or delete it. The exit code is 1 when there was damage.
                """
        )
    }

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Move damaged rows out of reach, so that the rest is sound")
    var quarantine: Bool

    func run() async throws {
        let (found, moved, actions) = try self.look()
        switch self.database.output {
        case .json: self.writeJSON(found, moved, actions)
        case .table: self.writeText(found, moved, actions)
        }
        if !found.isSound || moved > 0 { throw CommandFailure(.failure) }
    }

    private func look() throws -> (SQLiteInspection, moved: Int, actions: [String]) {
        guard self.quarantine else { return (try SQLiteStore.verify(path: self.database.db), 0, []) }
        let done = try SQLiteStore.quarantine(path: self.database.db)
        return (done.inspection, done.moved, done.actions)
    }

    private func writeJSON(_ found: SQLiteInspection, _ moved: Int, _ actions: [String]) {
        var json = JSONObject()
        json.add("sound", found.isSound)
        json.add("items", found.items)
        json.add("problems", found.problems)
        json.add("quarantined", found.quarantined)
        if self.quarantine {
            json.add("moved", moved)
            json.add("actions", actions)
        }
        CommandContext.current.output.line(json.text)
    }

    private func writeText(_ found: SQLiteInspection, _ moved: Int, _ actions: [String]) {
        let output = CommandContext.current.output
        let path = PlainText(self.database.db).text
        let size = Words.count(found.items, "row")
        if !found.isSound {
            output.line("\(path) is damaged: \(Words.count(found.problems.count, "problem")) in \(size).")
        } else if moved > 0 {
            output.line("\(path) was damaged, and is sound now: \(size), \(Words.count(moved, "row")) set aside.")
        } else {
            output.line("\(path) is sound: \(size).")
        }
        for line in actions + found.problems { output.line("  \(PlainText(line).text)") }
        if !found.isSound { output.line("Damaged rows are served to nobody; --quarantine moves them out of reach.") }
        guard found.quarantined > 0 else { return }
        output.line("In quarantine: \(Words.count(found.quarantined, "row")), in the table penstock_quarantine.")
    }
}

import Penstock
import PenstockSQLite

/// `verify`: looks through a database for damage.
struct VerifyCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "verify", abstract: "Look through a database for damage; change nothing")
    }

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let output = CommandContext.current.output
        let found = try SQLiteStore.verify(path: self.database.db)
        switch self.database.output {
        case .json:
            var json = JSONObject()
            json.add("sound", found.isSound)
            json.add("items", found.items)
            json.add("problems", found.problems)
            output.line(json.text)
        case .table:
            let size = Words.count(found.items, "row")
            output.line(
                found.isSound
                    ? "\(self.database.db) is sound: \(size)."
                    : "\(self.database.db) is damaged: \(Words.count(found.problems.count, "problem")) in \(size)."
            )
            for problem in found.problems { output.line("  \(PlainText(problem).text)") }
        }
        if !found.isSound { throw CommandFailure(.failure) }
    }
}

import Penstock
import PenstockSQLite

/// `backup`: copies a database while its engine works on.
struct BackupCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "backup",
            abstract: "Copy a database, also while its engine works",
            discussion: """
                The copy is what one transaction sees. It is durable, and was looked through
                for damage, before it gets its name; when it fails, nothing is left of it.
                """
        )
    }

    @Argument(help: ArgumentHelp("The database", valueName: "db"))
    var database: String

    @Argument(help: ArgumentHelp("The file to be made; it must not be there yet", valueName: "dest"))
    var destination: String

    @OptionGroup var form: FormOptions

    func run() async throws {
        let output = CommandContext.current.output
        let done = try SQLiteStore.backup(from: self.database, to: self.destination) { copied, total in
            output.progress(Words.progress("Copied", copied, of: total))
        }
        output.endProgress()
        switch self.form.output {
        case .json:
            var json = JSONObject()
            json.add("backup", self.destination)
            json.add("items", done.items)
            json.add("bytes", done.bytes)
            output.line(json.text)
        case .table:
            let size = "\(Words.count(done.items, "row")), \(Words.count(done.bytes, "byte"))"
            output.line("\(PlainText(self.destination).text) is a sound backup: \(size).")
        }
    }
}

/// `restore`: puts a backup in place.
struct RestoreCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "restore",
            abstract: "Put a backup in the place of a database",
            discussion: """
                The engine has to be ended first. What is replaced is kept beside it. Leases
                and tokens from before count for nothing, whatever the backup says: the epoch
                is raised over all that the backup, the database and its owner have seen.
                Work that came after the backup is not in it: push it again.
                """
        )
    }

    @Argument(help: ArgumentHelp("The backup", valueName: "backup"))
    var backup: String

    @Argument(help: ArgumentHelp("The database that it becomes", valueName: "db"))
    var database: String

    @OptionGroup var form: FormOptions

    func run() async throws {
        let output = CommandContext.current.output
        let done = try SQLiteStore.restore(self.backup, to: self.database) { copied, total in
            output.progress(Words.progress("Copied", copied, of: total))
        }
        output.endProgress()
        switch self.form.output {
        case .json:
            var json = JSONObject()
            json.add("database", self.database)
            json.add("items", done.items)
            json.add("replaced", done.replaced)
            output.line(json.text)
        case .table:
            output.line("\(PlainText(self.database).text) is restored: \(Words.count(done.items, "row")).")
            if let replaced = done.replaced { output.line("What was there before is \(PlainText(replaced).text).") }
        }
    }
}

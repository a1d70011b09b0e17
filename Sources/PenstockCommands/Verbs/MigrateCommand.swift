import Penstock
import PenstockPostgres

/// `migrate`: makes the tables of a store in PostgreSQL, or prints how.
struct MigrateCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "migrate",
            abstract: "Make the tables of a store in PostgreSQL, or print how",
            discussion: """
                A store makes its tables when it is opened, unless it was told not to; this is
                for databases where only somebody else may. --print with --role adds what a
                role is to be granted that only works with the tables.
                """
        )
    }

    @Option(help: ArgumentHelp("The database: postgres://…", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("The schema of the tables", valueName: "name"))
    var schema: String = "penstock"

    @Option(help: ArgumentHelp("Who is to work with the tables", valueName: "name"))
    var role: String?

    @Flag(help: "Print the SQL, and change nothing")
    var print: Bool

    func validate() throws {
        guard self.print != (self.url != nil) else { throw ValidationError("give either --url or --print") }
        if self.role != nil, !self.print { throw ValidationError("--role goes with --print") }
    }

    func run() async throws {
        let output = CommandContext.current.output
        guard let url else {
            var script = try PostgresStore.migrationScript(schema: self.schema)
            if let role { script += "\n" + (try PostgresStore.grantScript(to: role, schema: self.schema)) }
            for line in script.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                output.line(String(line))
            }
            return
        }
        let version = try await PostgresStore.migrate(url: url, schema: self.schema)
        output.line("The tables in schema '\(self.schema)' are of version \(version).")
    }
}

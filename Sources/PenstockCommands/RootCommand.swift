/// The program itself.
struct RootCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        var subcommands: [any AsyncParsableCommand.Type] = [
            ListCommand.self, ShowCommand.self, JournalCommand.self, QueuesCommand.self, TasksCommand.self,
            ResolveCommand.self, RejectCommand.self, CancelCommand.self, RestartCommand.self, RetryCommand.self,
            ResumeCommand.self, DeleteCommand.self, VerifyCommand.self, BackupCommand.self, RestoreCommand.self,
            MigrateCommand.self, SegmentsCommand.self,
        ]
        if !CommandContext.current.groups.isEmpty { subcommands.append(GraphCommand.self) }
        subcommands.append(BenchCommand.self)
        if CommandContext.current.demonstration != nil {
            subcommands.insert(DemoCommand.self, at: 0)
            subcommands.append(DemoWorkerCommand.self)
        }
        return CommandConfiguration(
            commandName: CommandContext.current.program,
            abstract: "Durable queues and workflows on SQLite and PostgreSQL",
            discussion: CommandStatus.summary,
            subcommands: subcommands
        )
    }
}

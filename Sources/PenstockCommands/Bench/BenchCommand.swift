/// `bench`: measures.
struct BenchCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "bench",
            abstract: "Measure the engine beside the machine it runs on",
            subcommands: [BenchDurableCommand.self, BenchFlowCommand.self]
        )
    }
}

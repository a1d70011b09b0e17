import Penstock
import PenstockFlow

/// `graph run`: has items go through a graph.
struct GraphRunCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run",
            abstract: "Have items go through a graph",
            discussion: """
                Items come from standard input, one JSON value a line, and what comes out
                goes to standard output in the same way. Ctrl-C or SIGTERM ends the input
                and has what is under way come to its end, which is exit code 0; Ctrl-C once
                more gives it up, and ends the command as Ctrl-C does: 130 for a shell.
                """
        )
    }

    @OptionGroup var document: GraphFile

    @Option(help: ArgumentHelp("Where items come from, instead of standard input", valueName: "file"))
    var input: String?

    @Flag(help: "Each line is a string as it stands, and no JSON")
    var lines: Bool

    @Flag(help: "Show what each node does, on standard error")
    var progress: Bool

    func run() async throws {
        let graph = try self.document.soundGraph()
        let file = try InputFile(self.input)
        let run = graph.run(InputItems(file: file, form: self.lines ? .text : .json))
        let watch = RunWatch(run, of: graph, showsProgress: self.progress)
        do {
            try await Interrupts.listening({ watch.hear($0) }, { try await watch.write() })
        } catch  where watch.isGivenUp {
            CommandContext.current.output.flush()
            Interrupts.end()
        }
    }
}

import Penstock
import PenstockFlow
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `segments`: pipelines of segments on threads.
struct SegmentsCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "segments",
            abstract: "Run a pipeline of segments from a file",
            subcommands: [SegmentsRunCommand.self]
        )
    }
}

/// `segments run`: runs the segments of a document.
struct SegmentsRunCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run",
            abstract: "Run segments, each on a thread of its own",
            discussion: """
                How each segment has ended goes to standard error, for standard output belongs
                to the actions. Ctrl-C or SIGTERM ends every segment at its next item, and the
                command as Ctrl-C does: 130 for a shell; Ctrl-C once more does not wait.
                Paths of libraries in the file begin at its folder.
                """
        )
    }

    @Argument(help: "Segments in JSON")
    var file: String

    @Option(help: ArgumentHelp("The activation item", valueName: "json"))
    var item: String = "null"

    @Option(
        help: ArgumentHelp(
            "A library of actions beside those of the file; may be given several times",
            valueName: "path"
        )
    )
    var library: [String]

    @Flag(help: "Show what managers and segments say to one another, on standard error")
    var traceControl: Bool

    func run() async throws {
        let output = CommandContext.current.output
        var document: PipelineDocument
        do {
            document = try PipelineDocument(json: try DocumentFile.read(self.file, of: "segments"))
        } catch let errors as FlowErrors {
            throw DocumentFile.unsound(self.file, errors)
        }
        document.libraries = document.libraries?.map(self.found)
        let isTraced = self.traceControl
        let trace = ControlTrace { if isTraced { output.error(PlainText("\($0)").text) } }
        let pipeline = PipelineManager(document, libraries: self.library, trace: trace)
        let isInterrupted = Mutex(false)
        let result = try await Interrupts.listening { signal in
            let isFirst = isInterrupted.withLock { state in
                defer { state = true }
                return !state
            }
            if isFirst { pipeline.abort("it was interrupted") } else if signal == SIGINT { Interrupts.end() }
        } _: {
            await pipeline.run(json: Payload(bytes: Array(self.item.utf8)))
        }
        for line in "\(result)".split(separator: "\n") { output.error(PlainText(String(line)).text) }
        output.flush()
        if isInterrupted.withLock({ $0 }) { Interrupts.end() }
        guard case .completed = result.outcome else { throw CommandFailure(.failure) }
    }

    /// Where a library of the document is: from the document's own folder on, if it is named by a path.
    private func found(_ library: String) -> String {
        guard library.contains("/"), !library.hasPrefix("/") else { return library }
        let folder = self.file.lastIndex(of: "/").map { self.file[...$0] } ?? "./"
        return "\(folder)\(library)"
    }
}

import FoundationEssentials
import Penstock
import PenstockFlow

/// `graph`: graphs that come as data.
struct GraphCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "graph",
            abstract: "Run a graph of processors from a file",
            subcommands: [
                GraphRunCommand.self, GraphCheckCommand.self, GraphShowCommand.self, GraphGroupsCommand.self,
            ]
        )
    }
}

/// The document that a verb is about.
struct GraphFile: ParsableArguments {
    @Argument(help: "A graph in JSON")
    var file: String

    /// Reads the document, and makes the graph of what the program has.
    /// - Throws: ``FlowErrors`` with everything that is wrong with it; ``CommandFailure`` when it cannot be read.
    func graph() throws -> DocumentGraph {
        let document = try GraphDocument(json: try DocumentFile.read(self.file, of: "a graph"))
        return try document.resolve(with: CommandContext.current.groups)
    }

    /// The same for a verb that can do nothing with a graph that is not sound.
    func soundGraph() throws -> DocumentGraph {
        do {
            return try self.graph()
        } catch let errors as FlowErrors {
            throw DocumentFile.unsound(self.file, errors)
        }
    }
}

/// `graph check`: everything that is wrong with a document.
struct GraphCheckCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check",
            abstract: "Say everything that is wrong with a graph",
            discussion: "Nothing is run. The exit code is 1 when something is wrong."
        )
    }

    @OptionGroup var document: GraphFile

    func run() async throws {
        let output = CommandContext.current.output
        do {
            let graph = try self.document.graph()
            let (input, output) = (graph.input.map { "\($0)" }, graph.output.map { "\($0)" })
            let ends = "\(input ?? "nothing") goes in, \(output ?? "nothing") comes out"
            CommandContext.current.output.line("Graph '\(PlainText(graph.name).text)' is sound: \(ends).")
        } catch let errors as FlowErrors {
            for error in errors.errors { output.line(PlainText(error.message).text) }
            throw CommandFailure(.failure)
        }
    }
}

/// `graph show`: the nodes of a document, and how they are linked.
struct GraphShowCommand: AsyncParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, dot, mermaid
    }

    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "show", abstract: "Show the nodes of a graph, and how they are linked")
    }

    @OptionGroup var document: GraphFile

    @Option(help: "text for people, dot for Graphviz, or mermaid for pages")
    var format: Format = .text

    func run() async throws {
        let output = CommandContext.current.output
        let graph = try self.document.soundGraph()
        switch self.format {
        case .text: output.table(Self.table(of: graph))
        case .dot: Self.write(graph.dot, to: output)
        case .mermaid: Self.write(graph.mermaid, to: output)
        }
    }

    /// Writes line by line, since the names of a stranger's nodes may end up on a terminal.
    private static func write(_ drawing: String, to output: Output) {
        for line in drawing.split(separator: "\n") { output.line(PlainText(String(line)).text) }
    }

    private static func table(of graph: DocumentGraph) -> TextTable {
        var table = TextTable("NODE", "KIND", "TAKES", "PUTS", "FROM")
        if let input = graph.input { table.add("input", "", "", "\(input)", "") }
        for node in graph.nodes {
            // An inlet that several nodes send to is one.
            let takes = node.inputs.joined(separator: " and ")
            table.add(node.name, node.kind, takes, node.output ?? "", node.sources.joined(separator: ", "))
        }
        if let output = graph.output {
            table.add("output", "", "\(output)", "", graph.outputs.joined(separator: ", "))
        }
        return table
    }
}

/// `graph groups`: what graphs may be made of.
struct GraphGroupsCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "groups",
            abstract: "List what graphs may be made of",
            discussion: "In JSON the arguments of a node are described in the language of JSON Schema."
        )
    }

    @Argument(help: "Only this group")
    var name: String?

    @OptionGroup var form: FormOptions

    func run() async throws {
        let context = CommandContext.current
        let groups = context.groups.filter { self.name == nil || $0.name == self.name }
        if let name = self.name, groups.isEmpty {
            let names = context.groups.map(\.name).joined(separator: ", ")
            throw CommandFailure(.conflict, "there is no group '\(PlainText(name).text)'; there are: \(names)")
        }
        var table = TextTable("USE", "KIND", "TAKES", "PUTS", "ARGUMENTS")
        for group in groups {
            guard self.form.output == .table else {
                context.output.line(try Payload(encoding: group.json).text)
                continue
            }
            for node in group.nodes {
                table.add(
                    "\(group.name).\(node.name)",
                    node.kind,
                    node.input.map { "\($0)" } ?? "",
                    node.output.map { "\($0)" } ?? "",
                    Self.words(for: node.arguments)
                )
            }
        }
        if self.form.output == .table { context.output.table(table) }
    }

    private static func words(for arguments: ArgumentSchema) -> String {
        guard case .object(let fields) = arguments else { return arguments.words }
        return fields.map { "\($0.name)\($0.isRequired ? "" : "?"): \($0.schema.words)" }.joined(separator: ", ")
    }
}

/// The help of a command, laid out for a screen of 80 columns and 24 lines.
struct Help {
    private let path: [any AsyncParsableCommand.Type]
    private let command: any AsyncParsableCommand.Type

    private static let width = 80

    init(_ path: [any AsyncParsableCommand.Type]) {
        self.path = path
        self.command = path[path.count - 1]
    }

    /// All of it.
    var text: String {
        let configuration = self.command.configuration
        var parts = [configuration.abstract + ".", self.usage]
        let declarations = self.command.init().declarations
        parts.append(
            contentsOf: [
                self.commands(configuration.subcommands),
                Self.list(declarations.filter { $0.kind == .argument }.map { ($0.label, $0.help) }),
                Self.list(declarations.filter { $0.kind != .argument }.map { ($0.label, $0.help) }),
                configuration.discussion,
            ]
        )
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// The line that shows how the command is called.
    var usage: String {
        let name = self.path.map { $0.configuration.commandName }.joined(separator: " ")
        let configuration = self.command.configuration
        let declarations = self.command.init().declarations
        var words: [String] = configuration.subcommands.isEmpty ? [] : ["COMMAND", "..."]
        words += declarations.filter { $0.kind == .argument }.map(\.usage)
        words += declarations.filter { $0.kind == .option && $0.isRequired }.map(\.usage)
        if declarations.contains(where: { $0.kind != .argument && !$0.isRequired }) { words.append("[OPTIONS]") }
        return "Usage: \((([name] + words).joined(separator: " ")))"
    }

    private func commands(_ subcommands: [any AsyncParsableCommand.Type]) -> String {
        Self.list(
            subcommands.map { $0.configuration }.filter(\.shouldDisplay).map { ($0.commandName, $0.abstract) }
        )
    }

    /// Names on the left, what is said about them on the right.
    private static func list(_ entries: [(name: String, text: String)]) -> String {
        let indent = min((entries.map(\.name.count).max() ?? 0) + 4, 32)
        return entries.flatMap { entry in
            let lines = self.wrapped(entry.text, to: self.width - indent)
            let name = "  \(entry.name)"
            let fits = name.count + 2 <= indent
            let margin = String(repeating: " ", count: indent)
            let first = fits ? name + margin.dropFirst(name.count) + (lines.first ?? "") : name
            return [String(first)] + lines.dropFirst(fits ? 1 : 0).map { margin + $0 }
        }.joined(separator: "\n")
    }

    static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

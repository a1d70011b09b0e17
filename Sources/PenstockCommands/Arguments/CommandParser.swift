/// What a command line comes to.
enum ParsedLine {
    /// A command with its values.
    case command(any AsyncParsableCommand)
    /// Somebody asked for help.
    case help(String)
}

/// A command line that is not understood, with the command that it was for.
struct UsageError: Error {
    let message: String
    /// The names from the program down to the command.
    let path: [String]
    let usage: String
}

/// Finds the command that a line is for, and gives it its values.
struct CommandParser {
    let root: any AsyncParsableCommand.Type

    func parse(_ arguments: [String]) throws(UsageError) -> ParsedLine {
        var tokens = arguments[...]
        var path = [self.root]
        if tokens.first == "help" {
            tokens = tokens.dropFirst()
            guard tokens.allSatisfy({ !$0.hasPrefix("-") }) else { return .help(Help(path).text) }
            tokens += ["--help"]
        }
        while let command = path.last, !command.configuration.subcommands.isEmpty {
            guard let name = tokens.first else { return .help(Help(path).text) }
            if name == "--help" || name == "-h" { return .help(Help(path).text) }
            let subcommands = command.configuration.subcommands
            guard let next = subcommands.first(where: { $0.configuration.commandName == name }) else {
                throw Self.unknown(name, subcommands, path)
            }
            path.append(next)
            tokens = tokens.dropFirst()
        }
        let options = tokens.prefix { $0 != "--" }
        if options.contains("--help") || options.contains("-h") { return .help(Help(path).text) }
        guard let type = path.last else { return .help(Help(path).text) }
        let command = type.init()
        do {
            try Self.fill(command.declarations, from: Array(tokens))
            try command.validate()
            return .command(command)
        } catch {
            throw Self.error("\(error)", path)
        }
    }

    private static func unknown(
        _ name: String,
        _ subcommands: [any AsyncParsableCommand.Type],
        _ path: [any AsyncParsableCommand.Type]
    ) -> UsageError {
        let known = subcommands.map { $0.configuration }.filter(\.shouldDisplay).map(\.commandName)
        let guess = Suggestion.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
        let kind = name.hasPrefix("-") ? "option" : "command"
        return self.error("there is no \(kind) '\(name)'\(guess)", path)
    }

    static func error(_ message: String, _ path: [any AsyncParsableCommand.Type]) -> UsageError {
        UsageError(message: message, path: path.map { $0.configuration.commandName }, usage: Help(path).usage)
    }

    /// Hands the words of a line to what is declared.
    private static func fill(_ declarations: [Declaration], from tokens: [String]) throws {
        var named: [String: Int] = [:]
        for (place, declaration) in declarations.enumerated() {
            for name in declaration.names { named[name] = place }
        }
        var given: Set<Int> = []
        var words: [String] = []
        var rest = tokens[...]
        while let token = rest.popFirst() {
            if token == "--" {
                words += rest
                break
            }
            guard Self.isOption(token) else {
                words.append(token)
                continue
            }
            let parts = token.hasPrefix("--") ? token.split(separator: "=", maxSplits: 1) : [token[...]]
            guard let name = parts.first.map(String.init), let place = named[name] else {
                throw self.unknownOption(parts.first.map(String.init) ?? token, declarations)
            }
            let declaration = declarations[place]
            guard given.insert(place).inserted || declaration.isRepeated || declaration.kind == .flag else {
                throw ValidationError("\(name) is given twice; give it once")
            }
            try self.take(declaration, name, parts.dropFirst().first ?? (token.hasSuffix("=") ? "" : nil), &rest)
        }
        try self.place(words, declarations)
        for (place, declaration) in declarations.enumerated()
        where declaration.kind == .option && declaration.isRequired && !given.contains(place) {
            throw ValidationError("\(declaration.title) \(declaration.valueName.uppercased()) is missing")
        }
    }

    /// Whether a token names an option: a lone dash and a negative number are words.
    private static func isOption(_ token: String) -> Bool {
        token.hasPrefix("-") && token != "-" && Double(token) == nil
    }

    private static func take(
        _ declaration: Declaration,
        _ name: String,
        _ attached: Substring?,
        _ rest: inout ArraySlice<String>
    ) throws {
        if declaration.kind == .flag {
            guard attached == nil else { throw ValidationError("\(name) takes no value") }
            return try declaration.take("")
        }
        if let attached { return try declaration.take(String(attached)) }
        guard let value = rest.first, !Self.isOption(value) else {
            throw ValidationError("\(name) needs a value: \(name) \(declaration.valueName.uppercased())")
        }
        rest = rest.dropFirst()
        try declaration.take(value)
    }

    private static func place(_ words: [String], _ declarations: [Declaration]) throws {
        var words = words[...]
        for declaration in declarations where declaration.kind == .argument {
            guard let word = words.popFirst() else {
                guard declaration.isRequired else { continue }
                throw ValidationError("\(declaration.valueName.uppercased()) is missing")
            }
            try declaration.take(word)
            guard declaration.isRepeated else { continue }
            while let word = words.popFirst() { try declaration.take(word) }
        }
        if let word = words.first { throw ValidationError("'\(word)' is one argument too many") }
    }

    private static func unknownOption(_ name: String, _ declarations: [Declaration]) -> ValidationError {
        let known = declarations.flatMap(\.names) + ["--help"]
        let guess = Suggestion.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
        return ValidationError("there is no option '\(name)'\(guess)")
    }
}

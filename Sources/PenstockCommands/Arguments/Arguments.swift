/// A group of options, flags and arguments that are declared as properties.
///
/// This folder has the shape of swift-argument-parser, names included, so that it can give way to that package without
/// a change to the commands.
protocol ParsableArguments {
    init()

    /// Refuses values that do not go together.
    func validate() throws
}

extension ParsableArguments {
    func validate() throws {}
}

/// A command: what it is called with is declared, and `run()` does it.
protocol AsyncParsableCommand: ParsableArguments {
    static var configuration: CommandConfiguration { get }

    func run() async throws
}

extension AsyncParsableCommand {
    /// Shows the help of a command that only has subcommands.
    func run() async throws {
        throw ValidationError("a subcommand is missing")
    }
}

/// What a command is called, what it does, and what is below it.
struct CommandConfiguration {
    let commandName: String
    let abstract: String
    let discussion: String
    let shouldDisplay: Bool
    let subcommands: [any AsyncParsableCommand.Type]

    init(
        commandName: String,
        abstract: String,
        discussion: String = "",
        shouldDisplay: Bool = true,
        subcommands: [any AsyncParsableCommand.Type] = []
    ) {
        self.commandName = commandName
        self.abstract = abstract
        self.discussion = discussion
        self.shouldDisplay = shouldDisplay
        self.subcommands = subcommands
    }
}

/// The command was called in a way that it does not understand.
struct ValidationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A value that can be written on a command line.
protocol ExpressibleByArgument {
    init?(argument: String)

    /// The texts that are understood, if they are few.
    static var allValueStrings: [String] { get }
}

extension ExpressibleByArgument {
    static var allValueStrings: [String] { [] }
}

extension String: ExpressibleByArgument {
    init?(argument: String) { self = argument }
}

extension Int: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

extension ExpressibleByArgument where Self: RawRepresentable, RawValue == String {
    init?(argument: String) { self.init(rawValue: argument) }
}

extension ExpressibleByArgument where Self: CaseIterable & RawRepresentable, RawValue == String {
    static var allValueStrings: [String] { self.allCases.map(\.rawValue) }
}

/// What is said about an option, and what its value is called.
struct ArgumentHelp: ExpressibleByStringInterpolation {
    let abstract: String
    let valueName: String?

    init(_ abstract: String, valueName: String? = nil) {
        self.abstract = abstract
        self.valueName = valueName
    }

    init(stringLiteral value: String) {
        self.init(value)
    }
}

/// The names of an option or flag.
struct NameSpecification: ExpressibleByArrayLiteral {
    enum Element {
        case long
        case customLong(String)
        case customShort(Character)
    }

    let elements: [Element]

    init(arrayLiteral elements: Element...) {
        self.elements = elements
    }

    static var long: NameSpecification { [.long] }

    static func customLong(_ name: String) -> NameSpecification { [.customLong(name)] }

    /// The names with their dashes; `label` is the property's name.
    func names(label: String) -> [String] {
        self.elements.map { element in
            switch element {
            case .long: "--\(Self.dashed(label))"
            case .customLong(let name): "--\(name)"
            case .customShort(let letter): "-\(letter)"
            }
        }
    }

    /// `inFlight` as `in-flight`.
    static func dashed(_ label: String) -> String {
        label.reduce(into: "") { text, letter in
            if letter.isUppercase, !text.isEmpty { text += "-" }
            text += letter.lowercased()
        }
    }
}

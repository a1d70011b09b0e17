/// One option, flag or argument of a command, without its type.
struct Declaration {
    enum Kind {
        case option
        case flag
        case argument
    }

    let kind: Kind
    /// The names with their dashes; empty for an argument.
    let names: [String]
    let valueName: String
    let help: String
    let isRequired: Bool
    let isRepeated: Bool
    /// Takes a value from the command line.
    let take: (String) throws -> Void

    /// How it is called in a message.
    var title: String { self.names.first ?? "<\(self.valueName)>" }

    /// How it stands in a line of usage.
    var usage: String {
        let bare =
            switch self.kind {
            case .option: "\(self.names[0]) \(self.valueName.uppercased())"
            case .flag: self.names[0]
            case .argument: self.valueName.uppercased() + (self.isRepeated ? " ..." : "")
            }
        return self.isRequired ? bare : "[\(bare)]"
    }

    /// How it stands in the list of options.
    var label: String {
        switch self.kind {
        case .option: "\(self.names.joined(separator: ", ")) \(self.valueName.uppercased())"
        case .flag: self.names.joined(separator: ", ")
        case .argument: self.valueName.uppercased()
        }
    }
}

/// A property that declares something.
protocol Declaring {
    /// What it declares; `label` is the property's name.
    func declarations(label: String) -> [Declaration]
}

extension ParsableArguments {
    /// Everything that the properties declare, in order.
    ///
    /// The properties share their values with what is returned: a value that is taken appears in `self`.
    var declarations: [Declaration] {
        Mirror(reflecting: self).children.flatMap { child -> [Declaration] in
            guard let declaring = child.value as? any Declaring, let label = child.label else { return [] }
            // The storage of a wrapped property has an underscore before its name.
            return declaring.declarations(label: String(label.drop { $0 == "_" }))
        }
    }
}

/// Where a declared property keeps its value; shared between the command and its declarations.
final class Storage<Value> {
    private var stored: Value?
    private(set) var wasGiven = false

    init(_ value: Value?) {
        self.stored = value
    }

    var value: Value {
        guard let stored else { preconditionFailure("an argument was read that the command line did not give") }
        return stored
    }

    var isEmpty: Bool { self.stored == nil }

    func set(_ value: Value) {
        self.stored = value
        self.wasGiven = true
    }

    /// Adds to a value that may be given several times; the first time replaces what was there by default.
    func append<Element>(_ element: Element) where Value == [Element] {
        self.set(self.wasGiven ? self.value + [element] : [element])
    }
}

/// Reads a value, or says what would have been understood.
func read<Value: ExpressibleByArgument>(_ text: String, for title: String) throws -> Value {
    if let value = Value(argument: text) { return value }
    let known = Value.allValueStrings
    guard !known.isEmpty else {
        let kind = Value.self == Int.self ? "a whole number" : "of the right form"
        throw ValidationError("the value '\(text)' for \(title) is not \(kind)")
    }
    let guess = Suggestion.nearest(to: text, in: known).map { "; did you mean '\($0)'?" } ?? ""
    throw ValidationError(
        "the value '\(text)' for \(title) is none of \(known.joined(separator: ", "))\(guess)"
    )
}

/// A named value: `--limit 10` or `--limit=10`.
@propertyWrapper
struct Option<Value>: Declaring {
    private let storage: Storage<Value>
    private let name: NameSpecification
    private let help: ArgumentHelp
    private let isRepeated: Bool
    private let take: (Storage<Value>, String, String) throws -> Void

    var wrappedValue: Value { self.storage.value }

    /// Makes an option with a default.
    init(wrappedValue: Value, name: NameSpecification = .long, help: ArgumentHelp)
    where Value: ExpressibleByArgument {
        self.storage = Storage(wrappedValue)
        (self.name, self.help, self.isRepeated) = (name, help, false)
        self.take = { storage, text, title in storage.set(try read(text, for: title)) }
    }

    /// Makes an option that must be given.
    init(name: NameSpecification = .long, help: ArgumentHelp) where Value: ExpressibleByArgument {
        self.storage = Storage(nil)
        (self.name, self.help, self.isRepeated) = (name, help, false)
        self.take = { storage, text, title in storage.set(try read(text, for: title)) }
    }

    /// Makes an option that may be left out.
    init<Wrapped: ExpressibleByArgument>(name: NameSpecification = .long, help: ArgumentHelp)
    where Value == Wrapped? {
        self.storage = Storage(.some(nil))
        (self.name, self.help, self.isRepeated) = (name, help, false)
        self.take = { storage, text, title in
            let value: Wrapped = try read(text, for: title)
            storage.set(value)
        }
    }

    /// Makes an option that may be given several times.
    init<Element: ExpressibleByArgument>(
        wrappedValue: Value = [],
        name: NameSpecification = .long,
        help: ArgumentHelp
    ) where Value == [Element] {
        self.storage = Storage(wrappedValue)
        (self.name, self.help, self.isRepeated) = (name, help, true)
        self.take = { storage, text, title in storage.append(try read(text, for: title)) }
    }

    func declarations(label: String) -> [Declaration] {
        let (storage, take) = (self.storage, self.take)
        let names = self.name.names(label: label)
        return [
            Declaration(
                kind: .option,
                names: names,
                valueName: self.help.valueName ?? NameSpecification.dashed(label),
                help: self.help.abstract,
                isRequired: storage.isEmpty,
                isRepeated: self.isRepeated,
                take: { try take(storage, $0, names[0]) }
            )
        ]
    }
}

/// Something that is either there or not: `--json`.
@propertyWrapper
struct Flag: Declaring {
    private let storage = Storage(false)
    private let name: NameSpecification
    private let help: ArgumentHelp

    var wrappedValue: Bool { self.storage.value }

    init(name: NameSpecification = .long, help: ArgumentHelp) {
        (self.name, self.help) = (name, help)
    }

    func declarations(label: String) -> [Declaration] {
        let storage = self.storage
        return [
            Declaration(
                kind: .flag,
                names: self.name.names(label: label),
                valueName: "",
                help: self.help.abstract,
                isRequired: false,
                isRepeated: false,
                take: { _ in storage.set(true) }
            )
        ]
    }
}

/// A value that is known by its place.
@propertyWrapper
struct Argument<Value>: Declaring {
    private let storage: Storage<Value>
    private let help: ArgumentHelp
    private let isRequired: Bool
    private let isRepeated: Bool
    private let take: (Storage<Value>, String, String) throws -> Void

    var wrappedValue: Value { self.storage.value }

    /// Makes an argument that must be given.
    init(help: ArgumentHelp) where Value: ExpressibleByArgument {
        self.storage = Storage(nil)
        (self.help, self.isRequired, self.isRepeated) = (help, true, false)
        self.take = { storage, text, title in storage.set(try read(text, for: title)) }
    }

    /// Makes an argument that may be left out.
    init<Wrapped: ExpressibleByArgument>(help: ArgumentHelp) where Value == Wrapped? {
        self.storage = Storage(.some(nil))
        (self.help, self.isRequired, self.isRepeated) = (help, false, false)
        self.take = { storage, text, title in
            let value: Wrapped = try read(text, for: title)
            storage.set(value)
        }
    }

    /// Makes an argument that is given once or more.
    init<Element: ExpressibleByArgument>(help: ArgumentHelp) where Value == [Element] {
        self.storage = Storage([])
        (self.help, self.isRequired, self.isRepeated) = (help, true, true)
        self.take = { storage, text, title in storage.append(try read(text, for: title)) }
    }

    func declarations(label: String) -> [Declaration] {
        let (storage, take) = (self.storage, self.take)
        let name = self.help.valueName ?? NameSpecification.dashed(label)
        return [
            Declaration(
                kind: .argument,
                names: [],
                valueName: name,
                help: self.help.abstract,
                isRequired: self.isRequired,
                isRepeated: self.isRepeated,
                take: { try take(storage, $0, "<\(name)>") }
            )
        ]
    }
}

/// Declarations that several commands share.
@propertyWrapper
struct OptionGroup<Group: ParsableArguments>: Declaring {
    let wrappedValue: Group

    init() {
        self.wrappedValue = Group()
    }

    func declarations(label: String) -> [Declaration] { self.wrappedValue.declarations }
}

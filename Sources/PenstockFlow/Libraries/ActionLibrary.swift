/// Actions that segments may be made of by their names.
///
/// A program hands its own to the ``PipelineManager``. A Swift dynamic library hands in what it has at its one entry
/// point, which is called `penstock_actions` and looked for in phase a1:
///
/// ```swift
/// let numbers = ActionLibrary(
///     "numbers",
///     RegisteredAction("double") { Map { (number: Int) in 2 * number } },
///     RegisteredAction("times") { (arguments: Times) in Map { (number: Int) in arguments.factor * number } }
/// )
///
/// @_cdecl("penstock_actions")
/// public func actions() -> UnsafeMutableRawPointer { unsafe numbers.entry }
/// ```
///
/// The library is built against the modules of the program that will load it, and uses the program's Penstock: see
/// `scripts/action-library`. A program that loads libraries is linked with `-Xlinker --export-dynamic`.
public struct ActionLibrary: Sendable {
    /// The name, which stands before those of its actions: `numbers.double`.
    public let name: String

    /// The actions, in the order in which they were declared.
    public let actions: [RegisteredAction]

    /// Declares a library.
    public init(_ name: String, _ actions: RegisteredAction...) {
        (self.name, self.actions) = (name, actions)
    }

    /// What the entry point of a dynamic library returns, once for each time it is called.
    @_alwaysEmitIntoClient
    public var entry: UnsafeMutableRawPointer {
        // The number is that of the library's own build, since this is compiled into it.
        unsafe LibraryEntry.make(self, interface: LibraryEntry.interface)
    }
}

/// What a dynamic library hands in: a few words in memory that can be read before anything else of it is trusted.
@safe
public struct LibraryEntry {
    /// Tells that it is one.
    let mark: UInt64
    /// What the library was built against.
    let interface: UInt64
    /// Where the types of Penstock are that the library uses.
    let types: UInt
    /// The library, which is owned by the entry.
    let library: Unmanaged<Box>

    final class Box: Sendable {
        let library: ActionLibrary
        init(_ library: ActionLibrary) { self.library = library }
    }

    static let mark: UInt64 = 0x7065_6e73_746f_636b

    /// Where this program's types are.
    static var types: UInt { UInt(bitPattern: ObjectIdentifier(Box.self)) }

    /// The number of the interface between a program and its libraries, and below it the compiler's.
    ///
    /// It changes with everything that is compiled into a library: actions, chains, links, outlets.
    @_alwaysEmitIntoClient
    public static var interface: UInt64 {
        #if compiler(>=6.4)
        1_0604
        #elseif compiler(>=6.3)
        1_0603
        #else
        1_0602
        #endif
    }

    /// Makes the words; whoever reads them frees them.
    public static func make(_ library: ActionLibrary, interface: UInt64) -> UnsafeMutableRawPointer {
        let entry = UnsafeMutablePointer<LibraryEntry>.allocate(capacity: 1)
        unsafe entry.initialize(
            to: LibraryEntry(
                mark: Self.mark,
                interface: interface,
                types: Self.types,
                library: .passRetained(Box(library))
            )
        )
        return UnsafeMutableRawPointer(entry)
    }

    /// Takes the library out of words that have come from an entry point, and frees them.
    /// - Throws: ``FlowError`` when they are none, or those of a library that was built against something else.
    static func take(_ words: UnsafeMutableRawPointer?, of path: String) throws(FlowError) -> ActionLibrary {
        guard let words = unsafe words, unsafe words.load(as: UInt64.self) == Self.mark else {
            throw FlowError(.badLibrary, "library '\(path)': its entry point hands in no actions: return their 'entry'")
        }
        let entry = unsafe words.load(as: LibraryEntry.self)
        guard entry.interface == Self.interface else {
            throw FlowError(
                .badLibrary,
                """
                library '\(path)' was built for interface \(entry.interface), and this program has \
                \(Self.interface): build it again with the program's version of Penstock and of Swift
                """
            )
        }
        guard entry.types == Self.types else {
            throw FlowError(
                .badLibrary,
                """
                library '\(path)' brings a Penstock of its own, whose types are not this program's: build it with \
                scripts/action-library, which leaves it out
                """
            )
        }
        defer { unsafe words.deallocate() }
        return unsafe entry.library.takeRetainedValue().library
    }
}

/// Feeds decoders with inputs that reach ever more of their code; `scripts/fuzz` builds and runs it.
///
///     Fuzz TARGET [options of libFuzzer] [folders of inputs]
@main
enum Fuzz {
    static func main() {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
            print("usage: Fuzz TARGET [options of libFuzzer] [folders of inputs]; the targets are \(names)")
            return
        }
        unsafe FuzzTarget.current = target
        // The driver does not know the name of the target.
        var arguments = unsafe CommandLine.unsafeArgv
        unsafe arguments[1] = arguments[0]
        unsafe arguments += 1
        var count = CommandLine.argc - 1
        _ = unsafe runFuzzer(&count, &arguments, testOneInput)
    }
}

/// What is fed.
enum FuzzTarget: String, CaseIterable {
    /// Keys, names, and the addresses that keys spell.
    case identifiers
    /// Stored values as what they may be asked for.
    case payloads
    /// Rows of an old version with values of every type, through their migration and a store's whole use of them.
    case rows
    /// Journals, replayed by the state machine of a run.
    case journals
    /// The owner's file and the claims in it.
    case owners
    /// Command lines.
    case arguments
    /// Paths of databases.
    case paths

    /// The one that was asked for; written once, before anything is fed, by the only thread there is.
    nonisolated(unsafe) static var current = FuzzTarget.identifiers

    func feed(_ input: FuzzInput) {
        switch self {
        case .identifiers: feedIdentifiers(input)
        case .payloads: feedPayloads(input)
        case .rows: feedRows(input)
        case .journals: feedJournals(input)
        case .owners: feedOwners(input)
        case .arguments: feedArguments(input)
        case .paths: feedPaths(input)
        }
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The name by which libFuzzer's own entry point looks for the body.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = unsafe FuzzInput(bytes: Array(UnsafeBufferPointer(start: bytes, count: count)))
    unsafe FuzzTarget.current.feed(input)
    return 0
}

import Penstock
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Which database, and how what is found there is written.
struct DatabaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The database of an engine that is not running", valueName: "file"))
    var db: String

    @Option(name: [.customShort("o"), .customLong("output")], help: "table for people, or json for programs")
    var output: OutputFormat = .table

    /// Opens the database, runs `body`, and closes it again.
    ///
    /// A file that is not there is not made.
    func withControl<Result>(_ body: (Control) async throws -> Result) async throws -> Result {
        guard unsafe access(self.db, F_OK) == 0 else {
            throw PenstockError(.storeUnusable, "there is no file '\(self.db)'; name the database of an engine")
        }
        let store = try await SQLiteStore(path: self.db)
        do {
            let result = try await body(Control(store: store))
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}

/// How a verb that names its files writes what came of it.
struct FormOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("output")], help: "table for people, or json for programs")
    var output: OutputFormat = .table
}

/// How results are written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table
    case json
}

/// An item as it is named on the command line: `~12.3`, or `QUEUE/KEY`.
struct ItemName: ExpressibleByArgument {
    let text: String
    let reference: ItemReference

    init?(argument: String) {
        self.text = argument
        if let id = ItemID(key: argument) {
            self.reference = .id(id)
            return
        }
        // A slash is not allowed in the name of a queue, so the first one ends it.
        guard let slash = argument.firstIndex(of: "/"), slash != argument.startIndex else { return nil }
        let key = argument[argument.index(after: slash)...]
        guard !key.isEmpty else { return nil }
        self.reference = .key(queue: String(argument[..<slash]), String(key))
    }

    static var allValueStrings: [String] { ["~NUMBER (as 'list' shows it)", "QUEUE/KEY"] }
}

extension ItemState: ExpressibleByArgument {}

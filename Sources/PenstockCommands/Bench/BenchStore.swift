import FoundationEssentials
import Penstock
import PenstockPostgres
import PenstockSQLite

/// A store that is made for a measurement.
final class BenchStore {
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case sqlite
        case memory
        case postgres

        /// What survives of what the store acknowledged.
        var durability: String { self == .memory ? "none" : "full" }
    }

    /// How the store is opened once more; `nil` for one that would be empty then.
    private let open: (@Sendable () async throws -> any Store)?
    private(set) var store: any Store
    private let path: String?

    init(_ kind: Kind, in place: BenchPlace) async throws {
        switch kind {
        case .sqlite:
            let path = place.newPath()
            self.path = path
            self.open = { try await SQLiteStore(path: path) }
            self.store = try await SQLiteStore(path: path)
        case .memory:
            (self.path, self.open) = (nil, nil)
            self.store = await MemoryStore()
        case .postgres:
            let (url, options) = (place.url ?? "", PostgresOptions(schema: place.newSchema()))
            self.path = nil
            self.open = { try await PostgresStore(url: url, options: options) }
            self.store = try await PostgresStore(url: url, options: options)
        }
    }

    /// How many syncs the store has made since it was opened, one for each group of transactions.
    var syncs: Int? {
        (self.store as? SQLiteStore)?.commits.value ?? (self.store as? PostgresStore)?.commits.value
    }

    /// Closes the store and opens it again.
    /// - Returns: how long the opening took; `nil` for a store that would be empty then.
    func reopen() async throws -> Duration? {
        guard let open else { return nil }
        await self.store.close()
        let start = ContinuousClock().now
        self.store = try await open()
        return ContinuousClock().now - start
    }

    /// Closes the store, and counts the rows that it has.
    func closeAndCountRows() async throws -> Int? {
        guard let path else { return nil }
        await self.store.close()
        return try RawDatabase(path: path).integer("SELECT count(*) FROM penstock_rows")
    }

    /// Closes the store and removes its files, or its tables.
    func remove() async throws {
        if let store = self.store as? PostgresStore { return try await store.closeAndDrop() }
        await self.store.close()
        if let path { BenchPlace.remove(database: path) }
    }
}

/// A folder on the disk that is measured.
final class BenchPlace: Sendable {
    let folder: String
    /// The folder that the user named.
    let parent: String
    /// The server that is measured.
    let url: String?

    init(_ path: String?, url: String? = nil) throws {
        self.url = url
        // What is temporary may be kept in memory, but what is to outlive a restart is not.
        let parent = path ?? (FileManager.default.fileExists(atPath: "/var/tmp") ? "/var/tmp" : "/tmp")
        var isFolder = false
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isFolder), isFolder else {
            throw CommandFailure(.conflict, "there is no folder '\(parent)': make it, or name another with --path")
        }
        self.parent = parent
        self.folder = "\(parent)/penstock-bench-\(UUID().uuidString.prefix(8))"
        do {
            try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: false)
        } catch {
            throw CommandFailure(.inputOutput, "nothing can be written in '\(parent)': name another with --path")
        }
    }

    func newSchema() -> String {
        "penstock_bench_\(UUID().uuidString.prefix(8).lowercased())"
    }

    func newPath() -> String { "\(self.folder)/\(UUID().uuidString.prefix(8)).db" }

    func remove() {
        try? FileManager.default.removeItem(atPath: self.folder)
    }

    /// Leaves nothing behind after Ctrl-C.
    func removeWhenInterrupted() {
        Interrupts.whenInterrupted { self.remove() }
    }

    static func remove(database: String) {
        for suffix in ["", "-wal", "-shm", "-owner", "-journal"] {
            try? FileManager.default.removeItem(atPath: database + suffix)
        }
    }
}

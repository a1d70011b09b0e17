import Foundation
import Penstock
import PenstockSQLite
import Synchronization

/// A directory that goes with the test.
final class Folder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "penstock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        self.path = url.path()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func file(_ name: String) -> String { "\(self.path)/\(name)" }

    var database: String { self.file("app.db") }

    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: self.path).sorted() } }
}

func bytes(of path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

/// What a store said to its operator.
final class Notices: Sendable {
    private let list = Mutex<[String]>([])

    var all: [String] { self.list.withLock { $0 } }

    var environment: RuntimeEnvironment {
        RuntimeEnvironment(report: { notice in self.list.withLock { $0.append(notice.description) } })
    }
}

func openStore(_ path: String, options: SQLiteOptions = SQLiteOptions()) async throws -> SQLiteStore {
    try await SQLiteStore(path: path, options: options, environment: Notices().environment)
}

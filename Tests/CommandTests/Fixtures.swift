import Foundation
import Penstock
import PenstockCommands
import PenstockFlow
import PenstockSQLite
import Synchronization
import Testing

/// What a command said, and how it ended.
struct Spoken {
    let status: CommandStatus
    let results: String
    let messages: String

    var lines: [String] { self.results.split(separator: "\n").map(String.init) }

    /// The JSON object in each line.
    var objects: [[String: Any]] {
        get throws {
            try self.lines.map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            }
        }
    }
}

/// Runs a command in this process, as a program with these pipelines and groups would.
func penstock(
    _ arguments: String...,
    pipelines: [any Pipeline] = [],
    groups: [ProcessorGroup] = [],
    columns: Int? = nil,
    screen: Output.Screen? = nil
) async -> Spoken {
    await spread(arguments, pipelines: pipelines, groups: groups, columns: columns, screen: screen)
}

/// Runs a command whose words are in an array.
func spread(
    _ arguments: [String],
    pipelines: [any Pipeline] = [],
    groups: [ProcessorGroup] = [],
    columns: Int? = nil,
    screen: Output.Screen? = nil
) async -> Spoken {
    let said = Mutex<[Output.Stream: String]>([:])
    let output = Output(columns: columns, showsProgress: screen != nil, screen: screen) { stream, text in
        said.withLock { $0[stream, default: ""] += text }
        return true
    }
    let context = CommandContext(pipelines: pipelines, groups: groups, output: output)
    let status = await PenstockCommand.run(arguments, context: context)
    output.flush()
    return said.withLock { Spoken(status: status, results: $0[.results] ?? "", messages: $0[.messages] ?? "") }
}

/// A folder that is removed with its last user.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "penstock-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func write(_ name: String, _ content: String) throws -> String {
        try self.write(name, Array(content.utf8))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(self.path)/\(name)"
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}

/// The `penstock` command that was built with the tests.
enum Program {
    static let url: URL? = {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let file = folder.appending(path: "penstock")
        return FileManager.default.isExecutableFile(atPath: file.path()) ? file : nil
    }()

    /// Runs it in a process of its own; `input` is what it reads, and `file` where its results go instead of here.
    static func run(
        _ arguments: String...,
        input: String = "",
        to file: String? = nil
    ) throws -> (code: Int32, text: String, messages: String) {
        let process = Process()
        process.executableURL = self.url
        process.arguments = arguments
        let (results, messages, words) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = file.flatMap { FileHandle(forWritingAtPath: $0) } ?? results
        process.standardError = messages
        process.standardInput = words
        try process.run()
        // Few words come as messages, so that nobody waits for them to be read.
        try words.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try words.fileHandleForWriting.close()
        let text = file == nil ? try Self.text(of: results) : ""
        let said = try Self.text(of: messages)
        process.waitUntilExit()
        return (process.terminationStatus, text, said)
    }

    private static func text(of pipe: Pipe) throws -> String {
        String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
}

/// A small engine's pipelines.
enum Sample {
    static let double = Activity("double") { (x: Int) in 2 * x }
    static let review = ExternalTask<String, Bool>("review")
    static let boom = Activity("boom", options: ActivityOptions(retry: .never)) { (x: Int) -> Int in
        throw SampleError(number: x)
    }
    static let approve = Workflow("approve") { (x: Int, context) in
        let y = try await context.call(double, x)
        return try await context.call(review, "may it be \(y)?") ? y : -y
    }

    static var pipelines: [any Pipeline] { [self.double, self.review, self.boom, self.approve] }

    struct SampleError: Error {
        let number: Int
    }

    /// A database with a run that waits for a person (`approve/first`), an item that failed (`boom/bad`), and three
    /// that completed (`double/a`, `b` and `c`).
    static func database(in folder: TemporaryFolder) async throws -> String {
        let path = "\(folder.path)/sample.db"
        let engine = try await Engine(store: .sqlite(path: path), pipelines: self.pipelines)
        try await engine.run {
            for (number, key) in ["a", "b", "c"].enumerated() {
                _ = try await engine.start(double, number + 1, key: key).value
            }
            _ = try? await engine.start(boom, 7, key: "bad").value
            try await engine.start(approve, 21, key: "first").parked(in: engine)
        }
        await engine.close()
        return path
    }

    /// Lets the engine go on, and returns what the run comes to.
    static func finish(_ path: String, key: String) async throws -> Int {
        let engine = try await Engine(store: .sqlite(path: path), pipelines: self.pipelines)
        do {
            let value = try await engine.run {
                try await #require(try await engine.run(of: approve, key: key)).value
            }
            await engine.close()
            return value
        } catch {
            await engine.close()
            throw error
        }
    }
}

extension Run {
    /// Waits until the run's review is there to be answered.
    fileprivate func parked(in engine: Engine) async throws {
        let desk = try engine.desk(of: Sample.review)
        while try await desk.waiting().isEmpty { await Task.yield() }
    }
}

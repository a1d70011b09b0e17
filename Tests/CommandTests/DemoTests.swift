import Foundation
import Testing

/// The `penstock` command that was built with the tests.
private let command: URL? = {
    let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let file = folder.appending(path: "penstock")
    return FileManager.default.isExecutableFile(atPath: file.path()) ? file : nil
}()

@Suite("The demonstration", .enabled(if: command != nil, "the penstock command was not built with the tests"))
struct DemoTests {
    @Test("A killed worker goes on, and nothing is lost or recorded twice", .timeLimit(.minutes(10)))
    func demo() throws {
        let folder = try TemporaryFolder()
        for number in 0..<40 { _ = try folder.write("in/\(number).txt", "file \(number)\n") }
        _ = try folder.write("in/key.pem", "-----BEGIN " + "PRIVATE KEY-----\n")
        let database = "\(folder.path)/demo.db"
        let (code, text) = try self.run("demo", "\(folder.path)/in", "--db", database)
        #expect(code == 0, "\(text)")
        let rows = Dictionary(
            text.split(separator: "\n").compactMap { line -> (String, String)? in
                let parts = line.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
                return line.hasPrefix("  ") && parts.count >= 2 ? (parts[0], parts[1]) : nil
            },
            uniquingKeysWith: { first, _ in first }
        )
        #expect(rows["files"] == "41")
        #expect(rows["recorded twice"] == "0")
        #expect(rows["lost"] == "0")
        #expect(rows["reviews answered"] == "1")
        // Twice into one database is not what was asked for.
        #expect(try self.run("demo", "\(folder.path)/in", "--db", database).code == 2)
        #expect(try self.run("list", "--db", database, "--limit", "3").code == 0)
    }

    private func run(_ arguments: String...) throws -> (code: Int32, text: String) {
        let process = Process()
        process.executableURL = command
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}

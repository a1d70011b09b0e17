import Foundation

/// The program that runs simulated worlds, in a process of its own.
enum Simulate {
    /// Runs it, and returns the lines that it prints.
    static func lines(_ arguments: [String]) throws -> [String] {
        let process = Process()
        process.executableURL = Self.folder.appending(path: "Simulate")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map(String.init)
    }

    private static var folder: URL {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent()
    }
}

import Foundation
import Penstock
import PenstockCommands
import PenstockFlow
import Testing
import Text

/// Graphs as files, and the groups that they are made of.
struct GraphDesk {
    let folder: TemporaryFolder
    let groups: [ProcessorGroup]

    init() throws {
        self.folder = try TemporaryFolder()
        let numbers = try ProcessorGroup("numbers") {
            Processor("double") { (number: Int) in 2 * number }
            Processor("small") { (number: Int) in
                guard number < 100 else { throw TooLarge(number: number) }
                return number
            }
            Source<Int>("three") { put in for number in 0..<3 { try await put(number) } }
            Gather("total", into: 0) { (total: inout Int, number: Int) in total += number }
        }
        self.groups = [numbers, try TextGroup.make()]
    }

    struct TooLarge: Error, CustomStringConvertible {
        let number: Int
        var description: String { "\(self.number) is too large" }
    }

    /// A file with nodes in a row, each of which takes what the one before it puts.
    func chain(_ uses: String..., isFed: Bool = true) throws -> String {
        let nodes = uses.enumerated().map { #"{"name": "n\#($0)", "use": "\#($1)"}"# }
        let names = (isFed ? ["input"] : []) + uses.indices.map { "n\($0)" } + ["output"]
        let edges = zip(names, names.dropFirst()).map { #"{"from": "\#($0)", "to": "\#($1)"}"# }
        return try self.folder.write(
            "chain.json",
            #"{"name": "chain", "nodes": [\#(nodes.joined(separator: ","))], "#
                + #""edges": [\#(edges.joined(separator: ","))]}"#
        )
    }

    /// A pipe with a path, and what is written into it; it has no end before the handle is closed.
    func pipe() throws -> (path: String, writer: FileHandle) {
        let path = "\(self.folder.path)/pipe"
        try #require(unsafe mkfifo(path, 0o600) == 0)
        // Opened both ways it waits for nobody at the other end.
        return (path, try #require(FileHandle(forUpdatingAtPath: path)))
    }

    func run(_ arguments: String..., screen: Output.Screen? = nil) async -> Spoken {
        await spread(["graph"] + arguments, groups: self.groups, screen: screen)
    }

    /// The repository that the tests are of.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

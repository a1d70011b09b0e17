import Foundation
import Penstock
import PenstockCommands
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Every verb says clearly what is wrong with a file, with its exit code, and writes nothing.
@Suite("A database that cannot be used")
struct UnusableTests {
    /// The verbs that look at a database, change it, copy it, and put one in its place.
    private static func verbs(_ path: String, _ copy: String) -> [[String]] {
        [
            ["list", "--db", path], ["cancel", "approve/first", "--db", path], ["queues", "--db", path],
            ["verify", "--db", path], ["verify", "--quarantine", "--db", path], ["backup", path, copy],
            ["restore", path, copy],
        ]
    }

    private static func content(of folder: String) throws -> [String: Data] {
        var content: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            // The file that says who owned a database last is written by whoever looks at it.
            let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
            content[name] = name.hasSuffix("-owner") ? Data() : data
        }
        return content
    }

    @Test(
        "A file that is none, or is newer than the program, ends with 78",
        arguments: ["magic", "page size", "version", "empty", "another program"]
    )
    func unusable(fault: String) async throws {
        let folder = try TemporaryFolder()
        let path = try await Sample.database(in: folder)
        var bytes = try Data(contentsOf: URL(filePath: path))
        let words: String
        switch fault {
        case "magic": (bytes[3], words) = (0, "not a SQLite database")
        case "page size": (bytes[16], words) = (0x7f, "not a SQLite database")
        case "version": (bytes[63], words) = (99, "schema version 99")
        case "another program": (bytes[71], words) = (7, "database of another program")
        default: (bytes, words) = (Data(), "")
        }
        try bytes.write(to: URL(filePath: path))
        let before = try Self.content(of: folder.path)
        for verb in Self.verbs(path, "\(folder.path)/copy.db") where fault != "empty" || verb.count > 4 {
            let said = await spread(verb)
            #expect(said.status == .unusable, "\(verb): \(said.results)\(said.messages)")
            #expect(said.messages.contains(words), "\(verb): \(said.messages)")
            #expect(said.results.isEmpty)
            #expect(try Self.content(of: folder.path) == before, "\(verb)")
        }
    }

    @Test(
        "A file that this user may not write to, or not even read, ends with 78",
        arguments: [(0o444, 0o555), (0o444, 0o777), (0o600, 0o755)]
    )
    func permissions(file: mode_t, directory: mode_t) async throws {
        let folder = try TemporaryFolder()
        let copies = try TemporaryFolder()
        #expect(unsafe chmod(copies.path, 0o777) == 0)
        let path = try await Sample.database(in: folder)
        for name in [path, path + "-owner"] { #expect(unsafe chmod(name, file) == 0) }
        #expect(unsafe chmod(folder.path, directory) == 0)
        defer { unsafe _ = chmod(folder.path, 0o777) }
        let before = try Self.content(of: folder.path)
        let copy = "\(copies.path)/copy.db"
        let isReadable = file & 0o004 != 0
        await #expect(processExitsWith: .success) {
            [path = path as String, copy = copy as String, isReadable = isReadable as Bool] in
            // Root may write everywhere.
            if getuid() == 0 { #expect(setuid(65_534) == 0) }
            for verb in Self.verbs(path, copy) {
                let said = await spread(verb)
                // What may be read may be copied, from where nothing may be written.
                if isReadable, verb[0] == "backup" || verb[0] == "restore" {
                    #expect(said.status == .success, "\(verb): \(said.messages)")
                } else {
                    #expect(said.status == .unusable, "\(verb): \(said.messages)")
                    #expect(said.messages.contains(path), "\(verb): \(said.messages)")
                }
            }
            let onto = await spread(["restore", "/nowhere.db", path])
            #expect(onto.status == .unusable)
        }
        #expect(try Self.content(of: folder.path) == before)
    }
}

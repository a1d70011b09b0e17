import Foundation
import Testing

@Suite("The demonstration", .enabled(if: Program.url != nil, "the penstock command was not built with the tests"))
struct DemoTests {
    @Test("A killed worker goes on, and nothing is lost or recorded twice", .timeLimit(.minutes(60)))
    func demo() throws {
        let folder = try TemporaryFolder()
        for number in 0..<40 { _ = try folder.write("in/\(number).txt", "file \(number)\n") }
        _ = try folder.write("in/key.pem", "-----BEGIN " + "PRIVATE KEY-----\n")
        let database = "\(folder.path)/demo.db"
        let (code, text, _) = try Program.run("demo", "\(folder.path)/in", "--db", database)
        #expect(code == 0, "\(text)")
        let rows = Dictionary(
            text.split(separator: "\n").compactMap { line -> (String, String)? in
                let parts = line.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
                return line.hasPrefix("  ") && parts.count >= 2 ? (parts[0], parts[1]) : nil
            },
            uniquingKeysWith: { first, _ in first }
        )
        #expect(rows["files"] == "41")
        let killed = text.firstMatch(of: /Killed the worker \(SIGKILL\) after (\d+) of them/).flatMap { Int($0.1) }
        #expect(try #require(killed) >= 20, "half of them, of which one may wait for a person")
        #expect(rows["steps recorded"] == "165")
        #expect(rows["recorded twice"] == "0")
        #expect(rows["lost"] == "0")
        #expect(rows["reviews answered"] == "1")
        // Twice into one database is not what was asked for.
        #expect(try Program.run("demo", "\(folder.path)/in", "--db", database).code == 2)
        #expect(try Program.run("list", "--db", database, "--limit", "3").code == 0)
    }

    @Test(.timeLimit(.minutes(60))) func `runs that all wait for a person do not keep the demonstration waiting`()
        throws
    {
        let folder = try TemporaryFolder()
        _ = try folder.write("in/key.pem", "-----BEGIN " + "PRIVATE KEY-----\n")
        let (code, text, _) = try Program.run("demo", "\(folder.path)/in", "--db", "\(folder.path)/demo.db")
        #expect(code == 0, "\(text)")
        #expect(text.contains("Killed the worker (SIGKILL) after 0 of them"))
        #expect(text.contains("1 looked as if they had a secret in them"))
    }
}

import Foundation
import Penstock
import PenstockSQLite
import Testing

@Suite(
    "The command as a process",
    .enabled(if: Program.url != nil, "the penstock command was not built with the tests")
)
struct ProcessTests {
    @Test func `resolve reads a result from standard input, whatever stands around it`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/desk.db"
        let store = try await SQLiteStore(path: path)
        let item = NewItem(queue: "desk", key: "a", payload: Payload(bytes: Array("1".utf8)))
        _ = try await store.commit(Transaction([.push(item)]))
        await store.close()
        let (code, text, _) = try Program.run(
            "resolve",
            "desk/a",
            "-",
            "--unchecked",
            "--db",
            path,
            input: "\n {\n\"x\": 1} \r\n"
        )
        #expect(code == 0)
        #expect(text == "Resolved desk/a.\n")
        let shown = await penstock("show", "desk/a", "--db", path, "-o", "json")
        #expect(shown.lines.count == 1)
        #expect(try (shown.objects.first?["result"] as? [String: Int]) == ["x": 1])
    }

    @Test func `what is too long on standard input is refused`() async throws {
        let folder = try TemporaryFolder()
        let path = try await Sample.database(in: folder)
        let long = String(repeating: " ", count: Limits.payload + 1)
        let (code, _, messages) = try Program.run("resolve", "~1", "-", "--db", path, input: long)
        #expect(code == 65)
        #expect(messages.contains("standard input has more than the \(Limits.payload) bytes"))
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no disk that is always full"))
    func `results that cannot be written end with 74`() throws {
        #expect(try Program.run("list", "--help").code == 0)
        #expect(try Program.run("list", "--help", to: "/dev/full").code == 74)
    }
}

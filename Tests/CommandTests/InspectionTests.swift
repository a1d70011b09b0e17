import Foundation
import Penstock
import PenstockCommands
import PenstockSQLite
import Testing

@Suite("What is in a database can be looked at")
struct InspectionTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    @Test("list shows runs and items, newest first")
    func list() async throws {
        let path = try await Sample.database(in: self.folder)
        let said = await penstock("list", "--db", path)
        #expect(said.status == .success)
        #expect(said.lines.first?.hasPrefix("ITEM") == true)
        #expect(said.lines.dropFirst().map { $0.split(separator: " ")[5] } == ["first", "bad", "c", "b", "a"])
        #expect(said.messages.isEmpty)
    }

    @Test("list in JSON has one object a line, with these keys")
    func listJSON() async throws {
        let path = try await Sample.database(in: self.folder)
        let objects = try await penstock("list", "--db", path, "-o", "json").objects
        #expect(objects.map { $0["key"] as? String } == ["first", "bad", "c", "b", "a"])
        let keys = [
            "id", "queue", "key", "state", "attempt", "priority", "created", "due", "settled", "caller", "replyTo",
            "input", "result", "failure",
        ]
        for object in objects { #expect(Set(object.keys) == Set(keys)) }
        #expect(objects[4]["input"] as? Int == 1)
        #expect(objects[4]["result"] as? Int == 2)
        #expect((objects[1]["failure"] as? [String: Any])?["pipeline"] as? String == "boom")
        #expect(objects[0]["state"] as? String == "parked")
        // What has ended has either a result or a failure.
        #expect(objects[4]["failure"] is NSNull)
        #expect(objects[1]["result"] is NSNull)
    }

    @Test("list selects by queue and state, and goes on after an item")
    func selection() async throws {
        let path = try await Sample.database(in: self.folder)
        let doubles = try await penstock("list", "--db", path, "-o", "json", "--queue", "double").objects
        #expect(doubles.map { $0["key"] as? String } == ["c", "b", "a"])
        let few = try await penstock("list", "--db", path, "-o", "json", "--state", "failed", "--state", "parked")
            .objects
        #expect(few.map { $0["key"] as? String } == ["first", "bad"])
        let page = await penstock("list", "--db", path, "--queue", "double", "--limit", "2")
        let last = try #require(doubles[1]["id"] as? String)
        #expect(page.lines.last == "There are more: --after \(last), or --limit 0 for all.")
        let rest = try await penstock("list", "--db", path, "-o", "json", "--queue", "double", "--after", last).objects
        #expect(rest.map { $0["key"] as? String } == ["a"])
        let none = await penstock("list", "--db", path, "--queue", "nothing")
        #expect(none.status == .success)
        #expect(none.results == "There are no such items.\n")
    }

    @Test("show says what a run waits for")
    func show() async throws {
        let path = try await Sample.database(in: self.folder)
        let said = await penstock("show", "approve/first", "--db", path)
        #expect(said.lines.contains("state     parked"))
        #expect(said.results.contains("It waits for step 2, review"))
        let failed = await penstock("show", "boom/bad", "--db", path)
        #expect(failed.results.contains("SampleError"))
        let object = try #require(try await penstock("show", "double/b", "--db", path, "-o", "json").objects.first)
        #expect(object["result"] as? Int == 4)
    }

    @Test("An item that is not there ends with 2")
    func missing() async throws {
        let path = try await Sample.database(in: self.folder)
        for arguments in [
            ["show", "~99999"], ["journal", "double/z"], ["cancel", "none/a"], ["resolve", "~99999", "1"],
        ] {
            let said = await spread(arguments + ["--db", path])
            #expect(said.status == .conflict)
            #expect(said.messages.contains("there is no item"))
        }
    }

    @Test("journal shows the steps of a run in order")
    func journal() async throws {
        let path = try await Sample.database(in: self.folder)
        let said = await penstock("journal", "approve/first", "--db", path)
        #expect(said.lines.count == 3)
        #expect(said.lines[1].contains("double") && said.lines[2].contains("review"))
        let objects = try await penstock("journal", "approve/first", "--db", path, "-o", "json").objects
        #expect(objects.map { $0["step"] as? Int } == [1, 2])
        #expect(objects.map { $0["state"] as? String } == ["completed", "ready"])
        #expect(objects[0]["result"] as? Int == 42)
        #expect(await penstock("journal", "double/a", "--db", path).results == "double/a has no steps.\n")
    }

    @Test("tasks lists what waits for a person, and queues counts it")
    func tasks() async throws {
        let path = try await Sample.database(in: self.folder)
        let objects = try await penstock("tasks", "--db", path, "-o", "json", pipelines: Sample.pipelines).objects
        #expect(objects.map { $0["queue"] as? String } == ["review"])
        #expect(objects[0]["input"] as? String == "may it be 42?")
        // A program that does not know the task shows it too, and marks it.
        #expect(await penstock("tasks", "--db", path).results.contains("review ?"))
        // The parts of a pipeline are known with it.
        let chain = Chain("chain") { Sample.review }
        #expect(!(await penstock("tasks", "--db", path, pipelines: [chain]).results).contains("review ?"))
        let queues = try await penstock("queues", "--db", path, "-o", "json").objects
        #expect(queues.map { $0["queue"] as? String } == ["approve", "review"])
        #expect(queues.map { $0["ready"] as? Int } == [0, 1])
        #expect(queues.map { $0["parked"] as? Int } == [1, 0])
    }

    @Test func `tasks leaves out what waits for an engine that the program knows`() async throws {
        let path = try await Sample.database(in: self.folder)
        #expect(await penstock("restart", "double/a", "--db", path).status == .success)
        let known = try await penstock("tasks", "--db", path, "-o", "json", pipelines: Sample.pipelines).objects
        #expect(known.map { $0["queue"] as? String } == ["review"])
        let asked = try await penstock("tasks", "--db", path, "-o", "json", "--queue", "double").objects
        #expect(asked.map { $0["key"] as? String } == ["a"])
    }

    @Test("verify says that a database is sound")
    func verify() async throws {
        let path = try await Sample.database(in: self.folder)
        let object = try #require(try await penstock("verify", "--db", path, "-o", "json").objects.first)
        #expect(object["sound"] as? Bool == true)
        #expect(object["items"] as? Int == 7)
        #expect((object["problems"] as? [String])?.isEmpty == true)
        #expect(await penstock("verify", "--db", path).results.contains("is sound: 7 rows."))
    }

    @Test("What would move the cursor is spelt out, and a line ends at the edge of the terminal")
    func terminals() async throws {
        let path = "\(self.folder.path)/odd.db"
        let store = try await SQLiteStore(path: path)
        let queue = try Queue("odd", of: String.self, in: store)
        try await queue.push("x", key: "red\u{1B}[31m\nkey\u{202E} \(String(repeating: "long ", count: 20))")
        await store.close()
        let said = await penstock("list", "--db", path, columns: 60)
        #expect(said.results.contains("red\\u{1b}[31m\\nkey\\u{202e}"))
        for line in said.lines { #expect(line.count <= 60) }
    }

    @Test("A database that another owner has ends with 69, and says who has it")
    func owned() async throws {
        let path = try await Sample.database(in: self.folder)
        let store = try await SQLiteStore(path: path)
        for verb in [["list"], ["verify"], ["cancel", "approve/first"]] {
            let said = await spread(verb + ["--db", path])
            #expect(said.status == .owned)
            let process = try #require(try SQLiteStore.owner(of: path)).process
            #expect(said.messages.contains("process \(process) ("), "\(said.messages)")
        }
        await store.close()
        #expect(await penstock("list", "--db", path).status == .success)
    }

    @Test("A file that is no database ends with 78, and is left alone")
    func unusable() async throws {
        let text = try self.folder.write("notes.txt", String(repeating: "just some notes\n", count: 100))
        for verb in ["list", "verify"] { #expect(await penstock(verb, "--db", text).status == .unusable) }
        #expect(!(await penstock("list", "--db", text)).messages.contains("SELECT"))
        #expect(await penstock("list", "--db", "\(self.folder.path)/none.db").status == .unusable)
        #expect(await penstock("list", "--db", self.folder.path).status == .unusable)
    }
}

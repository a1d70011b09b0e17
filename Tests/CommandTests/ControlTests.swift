import Penstock
import PenstockCommands
import Testing

@Suite("Runs and items can be changed")
struct ControlTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    @Test("resolve gives a run the result it waits for")
    func resolve() async throws {
        let path = try await Sample.database(in: self.folder)
        let id = try await self.task(path)
        let said = await penstock("resolve", id, "true", "--db", path, pipelines: Sample.pipelines)
        #expect(said.status == .success, "\(said.messages)")
        #expect(said.results.contains("goes on when its engine starts"))
        #expect(try await Sample.finish(path, key: "first") == 42)
        let again = await penstock("resolve", id, "false", "--db", path, pipelines: Sample.pipelines)
        #expect(again.status == .conflict)
    }

    @Test("resolve refuses what is no JSON or not of the task's type, and changes nothing")
    func wrongResults() async throws {
        let path = try await Sample.database(in: self.folder)
        let id = try await self.task(path)
        let text = await penstock("resolve", id, "yes please", "--db", path, pipelines: Sample.pipelines)
        #expect(text.status == .data)
        #expect(text.messages.contains("is no JSON"))
        let number = await penstock("resolve", id, "17", "--db", path, pipelines: Sample.pipelines)
        #expect(number.status == .data)
        #expect(number.messages.contains("not of the type Bool that task 'review' returns"))
        #expect(try await self.task(path) == id)
    }

    @Test("resolve asks for a word more when the program does not know the task")
    func unchecked() async throws {
        let path = try await Sample.database(in: self.folder)
        let id = try await self.task(path)
        let refused = await penstock("resolve", id, "true", "--db", path)
        #expect(refused.status == .conflict)
        #expect(refused.messages.contains("--unchecked"))
        #expect(await penstock("resolve", id, "true", "--db", path, "--unchecked").status == .success)
        #expect(try await Sample.finish(path, key: "first") == 42)
    }

    @Test("resolve leaves alone what an engine works on")
    func noTask() async throws {
        let path = try await Sample.database(in: self.folder)
        let said = await penstock("resolve", "approve/first", "1", "--db", path, pipelines: Sample.pipelines)
        #expect(said.status == .conflict)
        #expect(said.messages.contains("no external task"))
    }

    @Test("reject throws the reason to the run")
    func reject() async throws {
        let path = try await Sample.database(in: self.folder)
        let id = try await self.task(path)
        #expect(await penstock("reject", id, "not today", "--db", path, pipelines: Sample.pipelines).status == .success)
        await #expect(throws: Failure.self) { try await Sample.finish(path, key: "first") }
        #expect(await penstock("show", "approve/first", "--db", path).results.contains("not today"))
    }

    @Test("cancel ends a run once, and restart begins it again")
    func cancelAndRestart() async throws {
        let path = try await Sample.database(in: self.folder)
        let cancelled = await penstock("cancel", "approve/first", "--db", path)
        #expect(cancelled.results == "Cancelled approve/first, which is cancelled now.\n")
        let again = await penstock("cancel", "approve/first", "--db", path)
        #expect(again.status == .conflict)
        #expect(again.messages.contains("it has ended"))
        let restarted = await penstock("restart", "approve/first", "--db", path, "-o", "json")
        #expect(try restarted.objects.first?["state"] as? String == "ready")
        #expect(await penstock("journal", "approve/first", "--db", path).results == "approve/first has no steps.\n")
    }

    @Test("retry tries what has failed again, and only that")
    func retry() async throws {
        let path = try await Sample.database(in: self.folder)
        #expect(await penstock("retry", "boom/bad", "--db", path).results == "Retried boom/bad, which is ready now.\n")
        #expect(await penstock("retry", "double/a", "--db", path).status == .conflict)
        #expect(await penstock("resume", "double/a", "--db", path).status == .conflict)
    }

    @Test("A verb goes on after an item that it cannot be done to, and ends with 2")
    func several() async throws {
        let path = try await Sample.database(in: self.folder)
        let said = await penstock("delete", "double/a", "double/zzz", "double/c", "--db", path)
        #expect(said.status == .conflict)
        #expect(said.results == "Deleted double/a, which is gone now.\nDeleted double/c, which is gone now.\n")
        let rest = try await penstock("list", "--db", path, "--queue", "double", "-o", "json").objects
        #expect(rest.map { $0["key"] as? String } == ["b"])
    }

    /// The name of the one task that waits.
    private func task(_ path: String) async throws -> String {
        let objects = try await penstock("tasks", "--db", path, "-o", "json", pipelines: Sample.pipelines).objects
        return try #require(objects.first?["id"] as? String)
    }
}

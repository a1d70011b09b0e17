import Foundation
import Penstock
import PenstockCommands
import PenstockSQLite
import Testing

@Suite("Damage, backups and restoring")
struct IntegrityTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    /// Changes the bytes of every copy of a text in a file, as a disk would.
    private static func damage(_ path: String, _ text: String, to other: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        var count = 0
        while let range = bytes.range(of: Data(text.utf8)) {
            bytes.replaceSubrange(range, with: Data(other.utf8))
            count += 1
        }
        try #require(count > 0 && text.utf8.count == other.utf8.count)
        try bytes.write(to: URL(filePath: path))
    }

    @Test func `verify names what is damaged, sets it aside when it is told to, and says 1 both times`() async throws {
        let path = try await Sample.database(in: self.folder)
        try Self.damage(path, "may it be 42?", to: "may it be 43?")
        let seen = await penstock("verify", "--db", path)
        #expect(seen.status == .failure)
        #expect(seen.results.contains("sample.db is damaged: 1 problem in 7 rows.\n  item ~"))
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(await penstock("verify", "--db", path).results == seen.results)
        #expect(try Data(contentsOf: URL(filePath: path)) == before, "to look changes nothing")

        let done = await penstock("verify", "--quarantine", "--db", path)
        #expect(done.status == .failure)
        #expect(done.lines[0].hasSuffix("sample.db was damaged, and is sound now: 7 rows, 1 row set aside."))
        #expect(done.results.contains("the run waits as diverged: restart or delete it"))
        #expect(done.results.contains("In quarantine: 1 row, in the table penstock_quarantine."))
        let object = try #require(
            try await penstock("verify", "--quarantine", "--db", path, "-o", "json").objects.first
        )
        #expect(object["sound"] as? Bool == true)
        #expect(object["moved"] as? Int == 0)
        #expect(object["quarantined"] as? Int == 1)
        #expect(await penstock("verify", "--db", path).status == .success)

        let shown = await penstock("show", "approve/first", "--db", path)
        #expect(shown.lines.contains("state     diverged"))
        #expect(shown.results.contains("'restart' begins it again, and 'delete' removes it"))
        #expect(await penstock("journal", "approve/first", "--db", path).results.contains("~quarantined"))
        #expect(await penstock("restart", "approve/first", "--db", path).status == .success)
        #expect(await penstock("verify", "--db", path).status == .success)
    }

    @Test func `an item that is damaged can be deleted by its name`() async throws {
        let path = try await Sample.database(in: self.folder)
        let store = try await SQLiteStore(path: path)
        let text = Payload(bytes: Array("\"a marked argument\"".utf8))
        _ = try await store.commit(Transaction([.push(NewItem(queue: "marks", key: "m", payload: text))]))
        await store.close()
        try Self.damage(path, "a marked argument", to: "a MARKED argument")
        let refused = await penstock("cancel", "marks/m", "--db", path)
        #expect(refused.status == .failure)
        #expect(refused.messages.contains("verify --quarantine"))
        let said = await penstock("delete", "marks/m", "double/a", "--db", path)
        #expect(said.status == .success)
        #expect(
            said.lines == [
                "Deleted marks/m, which was damaged and is gone now.", "Deleted double/a, which is gone now.",
            ]
        )
        #expect(await penstock("verify", "--db", path).status == .success)
    }

    @Test func `a backup that is restored is as the database was, and what it replaced is kept`() async throws {
        let path = try await Sample.database(in: self.folder)
        let copy = "\(self.folder.path)/copy.db"
        let said = await penstock("backup", path, copy)
        #expect(said.status == .success, "\(said.messages)")
        #expect(said.lines[0].contains("copy.db is a sound backup: 7 rows, "))
        #expect(await penstock("delete", "double/a", "--db", path).status == .success)
        let restored = await penstock("restore", copy, path)
        #expect(restored.status == .success, "\(restored.messages)")
        #expect(restored.lines[0].hasSuffix("sample.db is restored: 7 rows."))
        #expect(restored.lines[1].contains("What was there before is ") && restored.lines[1].contains("-replaced-"))
        #expect(await penstock("show", "double/a", "--db", path).status == .success)
        #expect(try await penstock("restore", copy, path + "2", "-o", "json").objects[0]["replaced"] is NSNull)
    }

    @Test func `backup and restore refuse what they would do harm to`() async throws {
        let path = try await Sample.database(in: self.folder)
        let copy = "\(self.folder.path)/copy.db"
        #expect(await penstock("backup", path, path).status == .conflict)
        #expect(await penstock("backup", path).status == .usage)
        #expect(await penstock("backup", copy, path + "2").status == .unusable)
        let store = try await SQLiteStore(path: path)
        #expect(await penstock("backup", path, copy).status == .success, "somebody has it open, and works on")
        #expect(await penstock("restore", copy, path).status == .owned)
        #expect(await penstock("verify", "--quarantine", "--db", path).status == .owned)
        await store.close()
        #expect(await penstock("backup", path, copy).status == .conflict)
    }

    @Test(.enabled(if: Program.url != nil, "the penstock command was not built with the tests"))
    func `another process makes a backup of a database whose owner is at work`() async throws {
        let path = "\(self.folder.path)/live.db"
        let store = try await SQLiteStore(path: path)
        let queue = try Queue("jobs", of: Int.self, in: store)
        for number in 0..<10 { try await queue.push(number, key: "k\(number)") }
        let (code, text, messages) = try Program.run("backup", path, path + ".copy")
        #expect(code == 0, "\(messages)")
        #expect(text.contains("is a sound backup: 10 rows"))
        try await queue.push(10, key: "k10")
        await store.close()
        #expect(try SQLiteStore.verify(path: path).items == 11)
        #expect(try SQLiteStore.verify(path: path + ".copy").items == 10)
    }
}

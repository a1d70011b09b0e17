import Foundation
import Penstock
import PenstockCommands
import PenstockSQLite
import Testing

@Suite("What is written can be read")
struct OutputTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    /// A database that somebody works on here and closes again.
    private func database(_ body: (SQLiteStore) async throws -> Void) async throws -> String {
        let path = "\(self.folder.path)/output.db"
        let store = try await SQLiteStore(path: path)
        try await body(store)
        await store.close()
        return path
    }

    @Test(arguments: ["\"quoted\"", "back\\slash", "line\nbreak\r", "tab\t", "\u{1}\u{1f}\u{7f}", "\u{2028}", "🚿 ü"])
    func `a key of any text comes back from JSON as it is`(key: String) async throws {
        let path = try await self.database { store in
            _ = try await store.commit(
                Transaction([.push(NewItem(queue: "odd", key: key, payload: Payload(bytes: [])))])
            )
        }
        let said = await penstock("list", "--db", path, "-o", "json")
        #expect(said.lines.count == 1)
        #expect(try said.objects.first?["key"] as? String == key)
    }

    @Test(
        arguments: [
            // What was pushed, and what it is in JSON; `nil` is text.
            (Array("{\n  \"a\" :\r\n [1,\n2]\n}\n".utf8), #"{"a":[1,2]}"#),
            (Array(#""a\nb""#.utf8), #""a\nb""#),
            (Array("not JSON\n".utf8), nil),
            ([0xff, 0xfe, 0x31, 0x00], nil),
            ([0x31, 0x00], nil),
            ([0xef, 0xbb, 0xbf, 0x31], nil),
            ([], nil),
        ] as [([UInt8], String?)]
    )
    func `a payload of any bytes is one line of JSON`(bytes: [UInt8], json: String?) async throws {
        let path = try await self.database { store in
            _ = try await store.commit(Transaction([.push(NewItem(queue: "odd", payload: Payload(bytes: bytes)))]))
        }
        let said = await penstock("list", "--db", path, "-o", "json")
        #expect(said.results.split(omittingEmptySubsequences: false) { $0.isNewline }.count == 2)
        let input = try #require(try said.objects.first?["input"] as? NSObject)
        guard let json else {
            // Foundation's parser drops a mark of the byte order, wherever it stands.
            let text = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter { $0 != "\u{feff}" }
            #expect((input as? String)?.unicodeScalars.elementsEqual(text) == true)
            return
        }
        let expected = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) as? NSObject
        #expect(input == expected)
    }

    @Test func `a long list comes out whole, and a short one says that there is more`() async throws {
        let path = try await self.database { store in
            let items = (0..<2100).map {
                Operation.push(NewItem(queue: "many", payload: Payload(bytes: Array("\($0)".utf8))))
            }
            _ = try await store.commit(Transaction(items))
        }
        for verb in ["list", "tasks"] {
            let all = await penstock(verb, "--db", path, "--limit", "0", "-o", "json")
            #expect(try Set(all.objects.compactMap { $0["input"] as? Int }) == Set(0..<2100), "\(verb)")
            #expect(all.lines.count == 2100)
            #expect(all.messages.isEmpty)
            let some = await penstock(verb, "--db", path, "--limit", "1001", "-o", "json")
            #expect(some.lines.count == 1001)
            #expect(some.messages.contains("There are more"), "\(some.messages)")
            let exact = await penstock(verb, "--db", path, "--limit", "2100")
            #expect(exact.lines.count == 2101)
            #expect(!exact.results.contains("There are more"))
        }
    }

    @Test func `a long journal comes out whole, and show does not list all that a run waits for`() async throws {
        let path = try await self.database { store in
            let one = Payload(bytes: Array("1".utf8))
            _ = try await store.commit(Transaction([.push(NewItem(queue: "flow", key: "long", payload: one))]))
            let run = try await store.reserve(ReserveRequest(queue: "flow"))[0]
            var transaction = Transaction()
            for step in 1...1100 {
                let id = ItemID(root: run.record.id.root, run: run.record.number, step: step)
                transaction.add(.call(NewStep(id: id, caller: run.record.id, queue: "step", payload: one, digest: 1)))
            }
            transaction.add(.settle(run.lease, .park(news: 0)))
            _ = try await store.commit(transaction)
        }
        let steps = try await penstock("journal", "flow/long", "--db", path, "-o", "json").objects
        #expect(steps.map { $0["step"] as? Int } == Array(1...1100))
        let shown = await penstock("show", "flow/long", "--db", path)
        #expect(shown.lines.count { $0.hasPrefix("It waits for step ") } == 20)
        #expect(shown.lines.last == "… and others: see 'journal'.")
    }

    @Test func `what is deleted is shown once more, and says so`() async throws {
        let path = try await Sample.database(in: self.folder)
        let objects = try await penstock("delete", "double/a", "--db", path, "-o", "json").objects
        #expect(objects.first?["deleted"] as? Bool == true)
        #expect(objects.first?["key"] as? String == "a")
        let kept = try await penstock("cancel", "approve/first", "--db", path, "-o", "json").objects
        #expect(kept.first?["deleted"] == nil)
    }

    @Test func `verify names what is damaged, and ends with 1`() async throws {
        let path = try await Sample.database(in: self.folder)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        let end = try handle.seekToEnd()
        try handle.seek(toOffset: end - 4096)
        try handle.write(contentsOf: Data(repeating: 0xff, count: 4096))
        try handle.close()
        let said = await penstock("verify", "--db", path)
        #expect(said.status == .failure)
        #expect(said.lines.first?.contains("is damaged: ") == true, "\(said.results)")
        #expect(said.lines.count > 1)
        let object = try #require(try await penstock("verify", "--db", path, "-o", "json").objects.first)
        #expect(object["sound"] as? Bool == false)
        #expect((object["problems"] as? [String])?.isEmpty == false)
    }
}

@Suite("Numbers are said as they are")
struct WordsTests {
    @Test func `an age is in the largest unit that fits`() {
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        let ages = [
            (-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"),
            (86_400, "1d"),
        ]
        for (seconds, words) in ages { #expect(Words.age(now + .seconds(-seconds), now: now) == words) }
    }

    @Test func `figures have three digits that matter`() {
        let figures = [
            (0, "0.000"), (0.2534, "0.253"), (1.005, "1.00"), (9.876, "9.88"), (86.14, "86.1"), (512.4, "512"),
            (12_345.6, "12,346"), (-1234, "-1,234"),
        ]
        for (value, words) in figures { #expect(Words.figure(value) == words) }
        #expect(Words.count(1, "file") == "1 file")
        #expect(Words.count(1_234_567, "file") == "1,234,567 files")
        #expect(Words.milliseconds(.milliseconds(999)) == "999 ms")
        #expect(Words.milliseconds(.milliseconds(1250)) == "1.25 s")
        #expect(Words.shortened("abcdef", to: 6) == "abcdef")
        #expect(Words.shortened("abcdefg", to: 6) == "abcde…")
    }

    @Test func `a percentile is the sample that so many do not exceed`() {
        let samples = Samples((1...1000).reversed().map { .milliseconds($0) })
        let percentiles = [50, 99, 99.9, 100, 0].map { samples.percentile($0)?.rounded() }
        #expect(percentiles == [500, 990, 999, 1000, 1])
        #expect(Samples([.milliseconds(7)]).percentile(99) == 7)
        #expect(Samples([]).percentile(50) == nil)
    }
}

@Suite("The exit code says what happened")
struct StatusTests {
    @Test func `each error has the code that the help names`() {
        let codes: [(PenstockError.Code, Int32)] = [
            (.notFound, 2), (.conflict, 2), (.duplicateKey, 2), (.leaseLost, 2), (.queueFull, 2), (.unknownPipeline, 2),
            (.undecodable, 65), (.unencodable, 65), (.tooLarge, 65), (.invalidKey, 65), (.invalidName, 65),
            (.storeOwned, 69), (.storeUnavailable, 74), (.storeClosed, 74), (.storeUnusable, 78), (.unsupported, 1),
        ]
        for (code, status) in codes { #expect(CommandStatus(PenstockError(code, "no")).rawValue == status, "\(code)") }
        struct Other: Error {}
        #expect(CommandStatus(Other()).rawValue == 1)
    }
}

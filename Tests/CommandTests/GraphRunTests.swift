import Foundation
import PenstockCommands
import Testing

@Suite("Items through a graph from a file", .timeLimit(.minutes(60)))
struct GraphRunTests {
    private let desk: GraphDesk

    init() throws {
        self.desk = try GraphDesk()
    }

    private func items(_ content: String) throws -> String { try self.desk.folder.write("items", content) }

    @Test func `a value a line goes in, and a value a line comes out`() async throws {
        let path = try self.desk.chain("numbers.double")
        // Space around values, blank lines and an end without a line feed are all JSON lines may have.
        let said = await self.desk.run("run", path, "--input", try self.items("1\n 2 \r\n\n  \n-3"))
        #expect(said.status == .success, "\(said.messages)")
        #expect(said.results == "2\n4\n-6\n")
        #expect(said.messages.isEmpty)
    }

    @Test func `lines are strings as they stand`() async throws {
        let path = try self.desk.chain("text.upper")
        let said = await self.desk.run("run", path, "--lines", "--input", try self.items("a \"b\"\n\nü\r\nlast"))
        #expect(said.results == #""A \"B\""\#n""\#n"Ü\r"\#n"LAST"\#n"#)
        let bytes = try self.desk.folder.write("bytes", [97, 10, 255, 10])
        let refused = await self.desk.run("run", path, "--lines", "--input", bytes)
        #expect(refused.status == .data)
        #expect(refused.messages.contains("line 2 of '\(bytes)' is not UTF-8"), "\(refused.messages)")
    }

    @Test func `many long lines come through whole, in their order`() async throws {
        let path = try self.desk.chain("text.lower")
        let lines = (0..<3000).map { "\($0) " + String(repeating: "x", count: $0 % 700) }
        let said = await self.desk.run("run", path, "--lines", "--input", try self.items(lines.joined(separator: "\n")))
        #expect(said.status == .success)
        #expect(said.lines == lines.map { "\"\($0)\"" })
    }

    @Test func `an item of another type ends the run, with its number and the reason`() async throws {
        let path = try self.desk.chain("numbers.double", "numbers.total")
        let said = await self.desk.run("run", path, "--input", try self.items("1\n2\n\"three\"\n4\n"))
        #expect(said.status == .data)
        #expect(said.results.isEmpty)
        let reason = "node 'input', item 2: this is no Int: mend it, or leave it out (item: "
        #expect(said.messages.hasPrefix("penstock: graph 'chain' has failed: \(reason)"), "\(said.messages)")
    }

    @Test func `a node that fails is named, with the item and the reason`() async throws {
        let path = try self.desk.chain("numbers.double", "numbers.small")
        let said = await self.desk.run("run", path, "--input", try self.items("1\n70\n3\n"))
        #expect(said.status == .failure)
        #expect(said.messages == "penstock: graph 'chain' has failed: node 'n1', item 1: 140 is too large\n")
    }

    @Test func `a graph that takes nothing reads nothing`() async throws {
        let path = try self.desk.chain("numbers.three", "numbers.double", isFed: false)
        let said = await self.desk.run("run", path, "--progress", "--input", try self.items("no JSON"))
        #expect(said.status == .success)
        #expect(said.results == "0\n2\n4\n")
        #expect(!said.messages.contains("input"))
    }

    @Test func `input that is not there is told of before anything runs`() async throws {
        let path = try self.desk.chain("numbers.double")
        let said = await self.desk.run("run", path, "--input", "/no/such/file")
        #expect(said.status == .conflict)
        #expect(said.messages == "penstock: there is no file '/no/such/file'; name one with items, a line each\n")
        // A folder can be opened, and not read.
        #expect(await self.desk.run("run", path, "--input", self.desk.folder.path).status == .inputOutput)
    }

    @Test func `the sample counts what wc counts, and drops what is no text`() async throws {
        let path = GraphDesk.root.appending(path: "Examples/Words/words.json").path()
        let one = try self.desk.folder.write("one.txt", "Two words,\nand THREE\tmore words\n\nno end")
        let two = try self.desk.folder.write("two.bin", [119, 10, 255, 10])
        let list = try self.items([one, two, "/no/such/file"].joined(separator: "\n"))
        let said = await self.desk.run("run", path, "--lines", "--progress", "--input", list)
        #expect(said.status == .success, "\(said.messages)")
        let report = try #require(try said.objects.first)
        #expect(said.lines.count == 1)
        #expect(report["lines"] as? Int == 3)
        #expect(report["words"] as? Int == 8)
        #expect(report["bytes"] as? Int == 39)
        let words = ["two": 1, "words": 2, "and": 1, "three": 1, "more": 1, "no": 1, "end": 1]
        #expect(report["frequencies"] as? [String: Int] == words)
        let lines = try #require(said.messages.split(separator: "\n").first { $0.hasPrefix("lines ") })
        #expect(lines.split(separator: " ").prefix(4) == ["lines", "3", "4", "2"])
    }

    // MARK: Progress

    @Test func `the table of the nodes is there at the end, once`() async throws {
        let path = try self.desk.chain("numbers.double", "numbers.total")
        let said = await self.desk.run("run", path, "--progress", "--input", try self.items("1\n2\n3\n"))
        #expect(said.results == "12\n")
        let lines = said.messages.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.map(\.first) == ["NODE", "input", "n0", "n1", "output"])
        #expect(lines.map { $0[1...2] } == [["IN", "OUT"], ["0", "3"], ["3", "3"], ["3", "1"], ["1", "1"]])
        #expect(lines[0] == ["NODE", "IN", "OUT", "FAILED", "ITEMS/S", "WAITING", "BUSY"])
        #expect(lines[2][5] == "0/1,024")
        #expect(lines[2].last?.hasSuffix("%") == true)
        #expect(!said.messages.contains("\u{1B}"))
    }

    @Test func `a run that fails shows how far its nodes were, and then why`() async throws {
        let path = try self.desk.chain("numbers.small")
        let said = await self.desk.run("run", path, "--progress", "--input", try self.items("1\n100\n"))
        #expect(said.status == .failure)
        let lines = said.messages.split(separator: "\n")
        #expect(lines.map { $0.prefix(4) } == ["NODE", "inpu", "n0  ", "outp", "pens"])
    }
}

import Foundation
import PenstockCommands
import Testing

@Suite("Graphs in files", .timeLimit(.minutes(60)))
struct GraphCommandTests {
    private let desk: GraphDesk

    init() throws {
        self.desk = try GraphDesk()
    }

    // MARK: check

    @Test func `check says of a sound graph what goes in and comes out`() async throws {
        let said = await self.desk.run("check", try self.desk.chain("text.words", "text.each", "text.count"))
        #expect(said.status == .success)
        #expect(said.results == "Graph 'chain' is sound: String goes in, Dictionary<String, Int> comes out.\n")
        let source = await self.desk.run("check", try self.desk.chain("numbers.three", "numbers.total", isFed: false))
        #expect(source.results == "Graph 'chain' is sound: nothing goes in, Int comes out.\n")
    }

    @Test func `check says everything that is wrong, a line each`() async throws {
        let path = try self.desk.folder.write(
            "bad.json",
            """
            {"name": "bad",
             "nodes": [{"name": "a", "use": "text.uper"}, {"name": "b\\u001b[2J", "use": "numbers.double"},
                       {"name": "c", "use": "text.first", "arguments": {"most": "2"}}],
             "edges": [{"from": "input", "to": "b\\u001b[2J"}, {"from": "input", "to": "c"},
                       {"from": "c", "to": "output"}]}
            """
        )
        let said = await self.desk.run("check", path)
        #expect(said.status == .failure)
        #expect(said.lines.count == 4, "\(said.results)")
        #expect(
            said.lines.contains { $0.hasPrefix("nodes[0].use: there is no 'text.uper'; there are: numbers.double") }
        )
        #expect(said.lines.contains("nodes[2].arguments.most: a string stands where an integer should"))
        #expect(
            said.lines.contains("edges[1]: 'input' puts Int, as edges[0] has it, and 'c' takes String")
        )
        // A stranger's names do nothing to the terminal.
        #expect(said.lines.contains { $0.hasPrefix(#"nodes[1]: what 'b\u{1b}[2J' puts goes nowhere"#) })
        #expect(said.messages.isEmpty)
    }

    @Test func `what is no graph is refused, and what is not there`() async throws {
        let path = try self.desk.folder.write("broken.json", #"{"name": "x", "nodes": [{}], "edges": []}"#)
        let said = await self.desk.run("check", path)
        #expect(said.status == .failure)
        #expect(said.results == "document.nodes[0]: 'name' is missing\n")
        for verb in ["run", "show"] {
            let refused = await self.desk.run(verb, path)
            #expect(refused.status == .data)
            #expect(refused.messages.hasSuffix("is not sound:\n  document.nodes[0]: 'name' is missing\n"))
            #expect(refused.results.isEmpty)
        }
        for verb in ["run", "check", "show"] {
            #expect(await self.desk.run(verb, "/no/such.json").status == .conflict)
            #expect(await self.desk.run(verb, self.desk.folder.path).status == .inputOutput)
            #expect(await self.desk.run(verb).status == .usage)
        }
    }

    // MARK: show

    @Test func `show draws the sample as text, for Graphviz and for Mermaid`() async throws {
        let path = GraphDesk.root.appending(path: "Examples/Words/words.json").path()
        let text = """
            NODE          KIND       TAKES                           PUTS                            FROM
            input                                                    String
            lines         processor  String                          String                          input
            measure       processor  String                          Measure                         lines
            words         processor  String                          Array<String>                   lines
            line by line  join       Measure and Array<String>       Joined<Measure, Array<String>>  measure, words
            report        gather     Joined<Measure, Array<String>>  Report                          line by line
            output                   Report                                                          report

            """
        #expect(await self.desk.run("show", path).results == text)
        let dot = await self.desk.run("show", path, "--format", "dot").results
        #expect(dot.hasPrefix("digraph \"count\" {\n") && dot.hasSuffix("}\n"))
        #expect(dot.contains("  n0 -> n1;\n"))
        // The page draws the same graph, made in Swift.
        let page = try String(contentsOf: GraphDesk.root.appending(path: "docs/graphs.md"), encoding: .utf8)
        let drawing = try #require(page.firstMatch(of: /```mermaid\n([^`]*)```/)).1
        #expect(await self.desk.run("show", path, "--format", "mermaid").results == drawing)
        #expect(await self.desk.run("show", path, "--format", "svg").status == .usage)
    }

    // MARK: groups

    @Test func `groups lists what graphs may be made of`() async throws {
        let all = await self.desk.run("groups")
        #expect(all.status == .success)
        #expect(all.lines.first?.split(separator: " ") == ["USE", "KIND", "TAKES", "PUTS", "ARGUMENTS"])
        #expect(all.lines.contains { $0.hasPrefix("numbers.three ") && $0.contains("source") })
        let text = await self.desk.run("groups", "text")
        #expect(!text.results.contains("numbers."))
        let match = try #require(text.lines.first { $0.hasPrefix("text.match ") })
        #expect(match.hasSuffix("pattern: a string, invert?: a truth value"))
        let none = await self.desk.run("groups", "txt")
        #expect(none.status == .conflict)
        #expect(none.messages == "penstock: there is no group 'txt'; there are: numbers, text\n")
    }

    @Test func `groups in JSON are one line each, with schemas`() async throws {
        let objects = try await self.desk.run("groups", "-o", "json").objects
        #expect(objects.map { $0["name"] as? String } == ["numbers", "text"])
        let nodes = try #require(objects[1]["nodes"] as? [[String: Any]])
        let first = try #require(nodes.first { $0["name"] as? String == "first" })
        #expect(first["use"] as? String == "text.first")
        #expect(first["kind"] as? String == "gather")
        #expect(first["input"] as? String == "String")
        let schema = try #require(first["arguments"] as? [String: Any])
        #expect(schema["required"] as? [String] == ["most"])
        let properties = try #require(schema["properties"] as? [String: [String: String]])
        #expect(properties == ["most": ["type": "integer"]])
    }
}

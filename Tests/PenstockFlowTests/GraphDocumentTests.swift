import Penstock
import PenstockFlow
import Testing

@Suite("Graphs from data", .timeLimit(.minutes(60)))
struct GraphDocumentTests {
    private enum Case: String, Codable, CaseIterable {
        case upper, lower
    }

    private struct Limit: Codable {
        let most: Int
        let tags: [String]?
        let style: Case?
    }

    private static func groups() throws -> [ProcessorGroup] {
        let text = try ProcessorGroup("text") {
            Processor("upper") { (line: String) in line.uppercased() }
            Processor("length") { (line: String) in line.count }
            Processor("words") { (line: String, put) in
                for word in line.split(separator: " ") { try await put(String(word)) }
            }
            Configured("limit") { (limit: Limit) in
                Processor("limit") { (line: String) in String(line.prefix(limit.most)) }
            }
            Sink("ignore") { (_: FailedItem<String>) in }
            Sink("forget") { (_: String) in }
        }
        let numbers = try ProcessorGroup("numbers") {
            Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum += number }
            Configured("count") { (limit: Limit) in
                Source<Int>("count") { put in for number in 0..<limit.most { try await put(number) } }
            }
        }
        return [text, numbers]
    }

    private static func collect<Item>(_ run: GraphRun<Item>) async throws -> [Item] {
        var items: [Item] = []
        for try await item in run { items.append(item) }
        return items
    }

    private static func document(_ json: String) throws -> GraphDocument {
        try GraphDocument(json: Payload(bytes: Array(json.utf8)))
    }

    private static let both = """
        {"name": "both",
         "nodes": [
           {"name": "pair", "join": "key"},
           {"name": "few", "use": "text.limit", "arguments": {"most": 2}},
           {"name": "loud", "use": "text.upper", "workers": 4, "ordered": false, "maximumSize": 2}],
         "edges": [
           {"from": "pair", "to": "output"},
           {"from": "loud", "to": "pair", "inlet": "first"},
           {"from": "few", "to": "pair", "inlet": "second"},
           {"from": "input", "to": "few"}, {"from": "input", "to": "loud"}]}
        """

    @Test func `a document is a graph of the nodes of its groups`() async throws {
        let graph = try Graph<String, Joined<String, String>>(Self.document(Self.both), of: Self.groups())
        let pairs = try await Self.collect(graph.run(["one", "two", "three"]))
        #expect(Set(pairs) == [Joined("ONE", "on"), Joined("TWO", "tw"), Joined("THREE", "th")])
    }

    @Test func `the order of nodes and edges means nothing`() async throws {
        var document = try Self.document(Self.both)
        for _ in 0..<20 {
            document.nodes.shuffle()
            document.edges.shuffle()
            let graph = try Graph<String, Joined<String, String>>(document, of: Self.groups())
            #expect(try await Self.collect(graph.run(["one"])) == [Joined("ONE", "on")])
        }
    }

    @Test func `sources, sinks, gathering nodes and failed items are written as well`() async throws {
        let document = try Self.document(
            """
            {"name": "all",
             "nodes": [
               {"name": "numbers", "use": "numbers.count", "arguments": {"most": 5}},
               {"name": "words", "use": "text.words", "onError": "route"},
               {"name": "ignore", "use": "text.ignore"},
               {"name": "lengths", "use": "text.length"},
               {"name": "sum", "use": "numbers.sum", "maximumSize": 1}],
             "edges": [
               {"from": "input", "to": "words"}, {"from": "words", "to": "lengths"},
               {"from": "words", "outlet": "failures", "to": "ignore"},
               {"from": "lengths", "to": "sum"}, {"from": "numbers", "to": "sum"},
               {"from": "sum", "to": "output"}]}
            """
        )
        let graph = try Graph<String, Int>(document, of: Self.groups())
        #expect(try await Self.collect(graph.run(["a bb", "ccc"])) == [6 + 10])
    }

    private static func errors(_ json: String) -> [String] {
        do {
            _ = try Graph<String, String>(self.document(json), of: self.groups())
            return []
        } catch let errors as FlowErrors {
            return errors.errors.map { "\($0.code) \($0.message)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `everything that is wrong is said at once, with its path`() {
        let errors = Self.errors(
            """
            {"name": "bad",
             "nodes": [
               {"name": "a", "use": "text.uper"},
               {"name": "b", "use": "text.upper", "workers": 0, "onError": "ignore", "arguments": {"loud": true}},
               {"name": "b", "use": "text.upper"},
               {"name": "c", "use": "text.limit", "arguments": {"most": "2", "tags": [1], "style": "bold", "x": 1}},
               {"name": "d"},
               {"name": "e", "use": "text.upper", "join": "key"},
               {"name": "f", "join": "magic"},
               {"name": "output", "use": "text.upper"},
               {"name": "g", "use": "numbers.sum", "workers": 2},
               {"name": "h", "use": "text.limit"}],
             "edges": [
               {"from": "input", "to": "b"}, {"from": "input", "to": "b"},
               {"from": "z", "to": "y"}, {"from": "b", "to": "g"}, {"from": "b", "outlet": "failures", "to": "c"}]}
            """
        )
        let known = "there are: numbers.count, numbers.sum, text.forget, text.ignore, text.length, text.limit, "
        for part in [
            "unknownProcessor nodes[0].use: there is no 'text.uper'; \(known)text.upper, text.words",
            "badArgument nodes[1].workers: 0 stands where at least 1 should",
            "badArgument nodes[1].onError: 'ignore' stands where fail, drop or route should",
            "badArgument nodes[1].arguments: there is no argument 'loud'; there are none",
            "duplicateNode nodes[2].name: 'b' is the name of nodes[1] as well",
            "badArgument nodes[3].arguments.most: a string stands where an integer should",
            "badArgument nodes[3].arguments.tags[0]: an integer stands where a string should",
            "badArgument nodes[3].arguments.style: 'bold' stands where one of upper, lower should",
            "badArgument nodes[3].arguments: there is no argument 'x'; there are: most, tags, style",
            "badDocument nodes[4]: say what it is, with 'use' or with 'join'",
            "badDocument nodes[5]: it is either a 'use' or a 'join', and cannot be both",
            "badDocument nodes[6].join: 'magic' stands where key or order should",
            "duplicateNode nodes[7].name: 'output' is an end of the graph: choose another name",
            "badArgument nodes[8].workers: 'sum' is no processor: leave it out",
            "badArgument nodes[9].arguments: 'most' is missing, an integer",
            "badDocument edges[1]: it is edges[0] once more",
            "unknownNode edges[2].from: there is no node 'z'; there are: input, a, b, b, c, d, e, f, output, g, h",
            "unknownNode edges[2].to: there is no node 'y'; there are: output, a, b, b, c, d, e, f, output, g, h",
            "typeMismatch edges[3]: 'b' puts String, and 'g' takes Int",
            "badDocument edges[4].outlet: 'b' has none unless its onError is route",
            "unusedOutput nodes[9]: nobody sends to it: add an edge to 'h'",
            "unusedOutput nodes[8]: what 'g' puts goes nowhere: add an edge from it",
        ] { #expect(errors.contains(part), "\(part)\nis not among\n\(errors.joined(separator: "\n"))") }
    }

    @Test func `circles, wrong ends and wrong types are found`() {
        #expect(
            Self.errors(
                """
                {"name": "circle",
                 "nodes": [{"name": "a", "use": "text.upper"}, {"name": "b", "use": "text.upper"}],
                 "edges": [{"from": "input", "to": "a"}, {"from": "a", "to": "b"}, {"from": "b", "to": "a"},
                           {"from": "b", "to": "output"}]}
                """
            ).contains { $0.hasPrefix("cycle edges:") && $0.contains("a > b > a") }
        )
        let ends = Self.errors(
            """
            {"name": "ends",
             "nodes": [{"name": "numbers", "use": "numbers.count", "arguments": {"most": 1}},
                       {"name": "forget", "use": "text.forget"}, {"name": "pair", "join": "key"}],
             "edges": [{"from": "input", "to": "numbers"}, {"from": "forget", "to": "output"},
                       {"from": "input", "to": "pair"}, {"from": "input", "to": "forget", "inlet": "first"},
                       {"from": "pair", "outlet": "failures", "to": "output"}]}
            """
        )
        for part in [
            "unknownNode edges[0].to: 'numbers' is a source, which takes nothing",
            "unknownNode edges[1].from: nothing comes out of 'forget', which is a sink",
            "unknownNode edges[2].inlet: join 'pair' has two inlets: name first or second",
            "unknownNode edges[3].inlet: node 'forget' has no inlet 'first': leave it out",
            "unknownNode edges[4].outlet: node 'pair' has no outlet 'failures'",
        ] { #expect(ends.contains(part), "\(part)\nis not among\n\(ends.joined(separator: "\n"))") }
        let wrong = Self.errors(
            """
            {"name": "wrong", "nodes": [{"name": "a", "use": "text.length"}],
             "edges": [{"from": "input", "to": "a"}, {"from": "a", "to": "output"}]}
            """
        )
        #expect(wrong == ["typeMismatch edges: Int comes out of graph 'wrong', and not String"])
    }

    @Test func `what is no document is refused with the place`() {
        #expect(Self.errors("[").contains { $0.hasPrefix("badDocument document: ") })
        #expect(
            Self.errors(#"{"name": "a", "nodes": [{"use": "x"}], "edges": []}"#) == [
                "badDocument document.nodes[0]: 'name' is missing"
            ]
        )
        #expect(
            Self.errors(#"{"name": "a", "nodes": [], "edges": [{"from": 1}]}"#).first?.hasPrefix(
                "badDocument document.edges[0].from:"
            ) == true
        )
    }

    @Test func `a group lists its nodes, and finds them by their exact names`() throws {
        let text = try Self.groups()[0]
        #expect(text.nodes.map(\.name) == ["upper", "length", "words", "limit", "ignore", "forget"])
        let limit = try #require(text["limit"])
        #expect(limit.input == String.self && limit.output == String.self)
        guard case .object(let fields) = limit.arguments else {
            Issue.record("\(limit.arguments)")
            return
        }
        #expect(fields.map(\.name) == ["most", "tags", "style"])
        #expect(fields.map(\.schema) == [.integer, .array(.string), .oneOf(["upper", "lower"])])
        #expect(fields.map(\.isRequired) == [true, false, false])
        #expect(text["Limit"] == nil)
        #expect(throws: FlowErrors.self) {
            try ProcessorGroup("twice") {
                Processor("same") { (line: String) in line }
                Processor("same") { (line: String) in line }
            }
        }
    }
}

import Penstock
import PenstockFlow
import Testing

@Suite("Graphs of types that nobody knows", .timeLimit(.minutes(60)))
struct DocumentGraphTests {
    private struct Point: Codable {
        let x: Int
        let y: Int
    }

    private enum Unit: String, Codable, CaseIterable {
        case metre, mile
    }

    private struct Scale: Codable {
        let by: Int
        let unit: Unit?
        let notes: [String]?
    }

    private static func groups() throws -> [ProcessorGroup] {
        let shapes = try ProcessorGroup("shapes") {
            Processor("sum") { (point: Point) in point.x + point.y }
            Configured("scale") { (scale: Scale) in
                Processor("scale") { (point: Point) in Point(x: scale.by * point.x, y: scale.by * point.y) }
            }
            Processor("text") { (number: Int) in "\(number)" }
            Processor("even") { (number: Int, put) in if number.isMultiple(of: 2) { try await put(number) } }
            Gather("total", into: 0) { (total: inout Int, number: Int) in total += number }
            Source<Int>("three") { put in for number in 0..<3 { try await put(number) } }
            Sink("forget") { (_: Int) in }
        }
        return [shapes]
    }

    /// A document of nodes `name use` and edges `from to` or `from to inlet`.
    private static func document(_ nodes: [String], _ edges: [String]) throws -> GraphDocument {
        let nodes = nodes.map { line in
            let words = line.split(separator: " ")
            guard words[1] != "join" else { return #"{"name": "\#(words[0])", "join": "key"}"# }
            return #"{"name": "\#(words[0])", "use": "shapes.\#(words[1])"}"#
        }
        let edges = edges.map { line in
            let words = line.split(separator: " ")
            let inlet = words.count == 3 ? #", "inlet": "\#(words[2])""# : ""
            return #"{"from": "\#(words[0])", "to": "\#(words[1])"\#(inlet)}"#
        }
        let nodesText = nodes.joined(separator: ",")
        let edgesText = edges.joined(separator: ",")
        let json = #"{"name": "g", "nodes": [\#(nodesText)], "edges": [\#(edgesText)]}"#
        return try GraphDocument(json: Payload(bytes: Array(json.utf8)))
    }

    private static func graph(_ nodes: [String], _ edges: [String]) throws -> DocumentGraph {
        try self.document(nodes, edges).resolve(with: self.groups())
    }

    private static func problems(_ nodes: [String], _ edges: [String]) -> [String] {
        do {
            _ = try self.graph(nodes, edges)
            return []
        } catch {
            return (error as? FlowErrors)?.errors.map { "\($0.code) \($0.message)" } ?? ["\(error)"]
        }
    }

    private static func items(_ texts: String...) -> [Payload] { texts.map { Payload(bytes: Array($0.utf8)) } }

    private static func collect(_ run: GraphRun<Payload>) async throws -> [String] {
        var texts: [String] = []
        for try await item in run { texts.append(item.text) }
        return texts
    }

    @Test func `the types are learned from the nodes, and items go in and come out as JSON`() async throws {
        let graph = try Self.graph(
            ["a sum", "b sum", "pair join"],
            ["input a", "input b", "a pair first", "b pair second", "pair output"]
        )
        #expect(graph.input == Point.self)
        #expect(graph.output == Joined<Int, Int>.self)
        let items = Self.items(#"{"x": 1, "y": 2}"#, #"{"y": 4, "x": 3}"#)
        #expect(try await Self.collect(graph.run(items)) == [#"{"first":3,"second":3}"#, #"{"first":7,"second":7}"#])
        // It can be run again, and over items that come in the course of time.
        let (stream, continuation) = AsyncStream.makeStream(of: Payload.self)
        let run = graph.run(stream)
        continuation.yield(items[1])
        continuation.finish()
        #expect(try await Self.collect(run) == [#"{"first":7,"second":7}"#])
        #expect(run.progress.map(\.node) == ["input", "a", "b", "pair", "output"])
        #expect(run.progress.map(\.counts.put) == [1, 1, 1, 1, 1])
    }

    @Test func `what goes in may be known from any node, and a join alone does not say it`() throws {
        let graph = try Self.graph(
            ["pair join", "a sum"],
            ["input pair first", "input a", "a pair second", "pair output"]
        )
        #expect(graph.input == Point.self)
        #expect(graph.output == Joined<Point, Int>.self)
        let remedy = "have a node of a group take it as well, or instead"
        #expect(
            Self.problems(["pair join"], ["input pair first", "input pair second", "pair output"]) == [
                "typeMismatch edges[0]: nothing says of what type the items from 'input' are: \(remedy)"
            ]
        )
        #expect(
            Self.problems([], ["input output"]) == [
                "typeMismatch edges[0]: nothing says of what type the items from 'input' are: \(remedy)"
            ]
        )
    }

    @Test func `nodes that take different types from the input are told of, with the edges`() {
        #expect(
            Self.problems(
                ["a sum", "b text", "c forget"],
                ["input a", "input b", "a c", "b output"]
            ) == ["typeMismatch edges[1]: 'input' puts Point, as edges[0] has it, and 'b' takes Int"]
        )
    }

    @Test func `everything that is wrong is still said at once`() {
        let problems = Self.problems(["a sum", "b nothing"], ["input a", "b output", "a z"])
        #expect(problems.count == 3, "\(problems)")
        #expect(problems.contains { $0.hasPrefix("unknownProcessor nodes[1].use: there is no 'shapes.nothing'") })
        #expect(problems.contains { $0.hasPrefix("unknownNode edges[2].to: there is no node 'z'") })
        #expect(problems.contains { $0.hasPrefix("unusedOutput nodes[0]: what 'a' puts goes nowhere") })
    }

    @Test func `a graph may take nothing, and one may put nothing`() async throws {
        let source = try Self.graph(["three three", "total total"], ["three total", "total output"])
        #expect(source.input == nil)
        #expect(source.output == Int.self)
        #expect(try await Self.collect(source.run()) == ["3"])
        // What is brought to it nevertheless is left where it is.
        #expect(try await Self.collect(source.run(Self.items("1", "no JSON"))) == ["3"])
        let sink = try Self.graph(["forget forget"], ["input forget"])
        #expect(sink.input == Int.self)
        #expect(sink.output == nil)
        let run = sink.run(Self.items("1", "2"))
        #expect(try await Self.collect(run) == [])
        #expect(run.progress.map(\.counts.taken) == [0, 2])
    }

    @Test(
        arguments: [
            (#"{"x": 1}"#, "this is no Point: mend it, or leave it out (item: 'y' is missing)"),
            (#"{"x": 1, "y": "2"}"#, "this is no Point: mend it, or leave it out (item.y: "),
            ("{", "this is no Point: mend it, or leave it out (item: "),
        ]
    )
    func `an item of another type fails the run, with its number and the reason`(
        item: String,
        reason: String
    ) async throws {
        let graph = try Self.graph(["a sum"], ["input a", "a output"])
        let run = graph.run(Self.items(#"{"x": 1, "y": 2}"#, #"{"x": 3, "y": 4}"#, item))
        let failure = await #expect(throws: GraphFailure.self) { try await Self.collect(run) }
        let text = "\(try #require(failure))"
        #expect(text.hasPrefix("graph 'g' has failed: node 'input', item 2: \(reason)"), "\(text)")
        guard case .failed(let node) = await run.result.outcome else {
            Issue.record("it has not failed")
            return
        }
        #expect(node.node == "input" && node.lineage == Lineage(2))
        #expect((node.error as? FlowError)?.code == .badItem)
    }

    @Test func `a run is drained, and cancelled, while it waits for more`() async throws {
        let graph = try Self.graph(["even even", "total total"], ["input even", "even total", "total output"])
        let (stream, continuation) = AsyncStream.makeStream(of: Payload.self)
        let run = graph.run(stream)
        for number in 0..<10 { continuation.yield(try Payload(encoding: number)) }
        while run.progress[1].counts.taken < 10 { await Task.yield() }
        run.drain()
        #expect(try await Self.collect(run) == ["20"])
        let (other, kept) = AsyncStream.makeStream(of: Payload.self)
        let second = graph.run(other)
        kept.yield(try Payload(encoding: 1))
        while second.progress[1].counts.taken < 1 { await Task.yield() }
        second.cancel("that is enough")
        let failure = await #expect(throws: GraphFailure.self) { try await Self.collect(second) }
        #expect("\(try #require(failure))" == "graph 'g' was cancelled: that is enough")
        kept.finish()
        continuation.finish()
    }

    /// Waits until no node is busy for more than a share of the time.
    private static func waitUntilIdle(_ run: GraphRun<Payload>, below share: Double) async {
        while !run.progress.allSatisfy({ $0.busy < share }) { await Task.yield() }
    }

    @Test func `who waits for somebody outside does no work, and who is at his end does not either`() async throws {
        let graph = try Self.graph(["text text"], ["input text", "text output"])
        let (stream, continuation) = AsyncStream.makeStream(of: Payload.self)
        let run = graph.run(stream)
        // None of these waits has come to its end.
        await Self.waitUntilIdle(run, below: 0.4)
        continuation.yield(try Payload(encoding: 1))
        continuation.finish()
        #expect(try await Self.collect(run) == ["\"1\""])
        #expect(run.progress[0].counts.waited > .zero)
        await Self.waitUntilIdle(run, below: 0.05)
        let waited = run.progress.map(\.counts.waited)
        #expect(run.progress.map(\.counts.waited) == waited)
    }

    @Test func `it says what it is made of`() throws {
        let graph = try Self.graph(
            ["pair join", "a sum", "even even", "forget forget"],
            ["input a", "a even", "a pair first", "even pair second", "pair output", "even forget"]
        )
        #expect(graph.nodes.map(\.name) == ["a", "even", "pair", "forget"])
        #expect(graph.nodes.map(\.kind) == ["processor", "processor", "join", "sink"])
        #expect(graph.nodes.map(\.sources) == [["input"], ["a"], ["a", "even"], ["even"]])
        #expect(graph.nodes.map(\.inputs) == [["Point"], ["Int"], ["Int", "Int"], ["Int"]])
        #expect(graph.nodes.map(\.output) == ["Int", "Int", "Joined<Int, Int>", nil])
        #expect(graph.outputs == ["pair"])
        // Without the node that writes JSON.
        #expect(graph.mermaid.contains("n2 --> output") && !graph.mermaid.contains("n4"))
        #expect(graph.dot.contains("n2 -> output") && !graph.dot.contains("n4"))
    }

    @Test func `a node that needs no arguments takes none`() throws {
        var document = try Self.document(["a sum"], ["input a", "a output"])
        document.nodes[0].arguments = .object(["by": .integer(2)])
        let errors = try #require(throws: FlowErrors.self) { try document.resolve(with: Self.groups()) }
        #expect(errors.description == "nodes[0].arguments: there is no argument 'by'; there are none")
    }

    @Test func `a group is data, with its arguments as JSON Schema`() throws {
        let group = try #require(try Self.groups().first)
        guard case .object(let members) = group.json, case .array(let nodes)? = members["nodes"] else {
            Issue.record("\(group.json)")
            return
        }
        #expect(members["name"] == .string("shapes"))
        let scale = """
            {"arguments":{"additionalProperties":false,"properties":{"by":{"type":"integer"},\
            "notes":{"items":{"type":"string"},"type":"array"},"unit":{"enum":["metre","mile"],"type":"string"}},\
            "required":["by"],"type":"object"},"input":"Point","kind":"processor","name":"scale","output":"Point",\
            "use":"shapes.scale"}
            """
        #expect(try Payload(encoding: nodes[1]).text == scale)
        let three = """
            {"arguments":{"additionalProperties":false,"properties":{},"type":"object"},"input":null,\
            "kind":"source","name":"three","output":"Int","use":"shapes.three"}
            """
        #expect(try Payload(encoding: nodes[5]).text == three)
        #expect(group.nodes.map(\.kind).suffix(3) == ["gather", "source", "sink"])
    }
}

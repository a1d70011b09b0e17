import Penstock
import PenstockFlow
import PenstockTesting
import Testing

@Suite("Graphs as pipelines, and as drawings", .timeLimit(.minutes(60)))
struct GraphPipelineTests {
    /// How many letters the words of a line have together.
    private static func letters() throws -> Graph<String, Int> {
        try Graph("letters") { graph, lines in
            let words = graph.add(
                Processor("words") { (line: String, put) in
                    for word in line.split(separator: " ") { try await put(String(word)) }
                },
                lines
            )
            let lengths = graph.add(Processor("length", workers: 4) { (word: String) in word.count }, words)
            return graph.add(Gather("sum", into: 0) { (sum: inout Int, length: Int) in sum += length }, lengths)
        }
    }

    @Test func `an item of a queue is a run of its own`() async throws {
        let store = await MemoryStore()
        let input = try Queue<String>("lines", in: store)
        let output = try Queue<Int>("letters", in: store)
        for (key, line) in ["one": "a bb", "two": "", "three": "ccc"] { try await input.push(line, key: key) }
        let graph = try Self.letters()
        let running = Task { try await graph.run(from: input.reader, to: output.writer) }
        var sums: [String: Int] = [:]
        for _ in 0..<3 {
            let lease = try await output.reserve()
            sums[lease.key] = lease.value
            try await lease.complete()
        }
        running.cancel()
        _ = await running.result
        #expect(sums == ["one": 3, "two": 0, "three": 3])
        #expect(try await input.count == 0)
    }

    @Test func `a workflow calls a graph`() async throws {
        let letters = try Self.letters()
        let twice = Workflow("twice") { (line: String, context) in
            let (a, b) = try await context.all(context.start(letters, line), context.start(letters, line + line))
            return [a, b]
        }
        let store = await MemoryStore()
        let engine = try await Engine(store: .open(store), pipelines: [letters, twice])
        try await engine.run {
            let run = try await engine.start(twice, "ab c", key: "one")
            #expect(try await run.value == [3, 6])
        }
    }

    @Test func `a graph that does not come to one item says so`() async throws {
        let graph = try Graph("same") { (graph, numbers: Wire<Int>) in
            let some = Processor("some") { (number: Int, put) in for _ in 0..<number { try await put(number) } }
            return graph.add(some, numbers)
        }
        #expect(try await graph.value(for: 1) == 1)
        for number in [0, 2] {
            let error = await #expect(throws: FlowError.self) { try await graph.value(for: number) }
            #expect(error?.code == .notOne)
            #expect("\(error as Any)".contains("\(number) items came out of graph 'same' for one that went in"))
        }
    }

    @Test func `it is drawn with its ends, its failures and the two sides of a join`() throws {
        let graph = try Graph("a \"b\"") { (graph, numbers: Wire<Int>) in
            let (good, bad) = graph.addCatching(Processor("check [1]") { (number: Int) in number }, numbers)
            graph.add(Sink("log") { (_: FailedItem<Int>) in }, bad)
            let more = graph.add(Source<Int>("more") { _ in })
            let sum = graph.add(Gather("sum", into: 0) { (sum: inout Int, number: Int) in sum += number }, more)
            return graph.join("both", good, sum)
        }
        #expect(
            graph.dot == """
                digraph "a \\"b\\"" {
                  rankdir=LR;
                  input [label="input", shape=plaintext];
                  n0 [label="check [1]", shape=box];
                  n1 [label="log", shape=invhouse];
                  n2 [label="more", shape=cds];
                  n3 [label="sum", shape=house];
                  n4 [label="both", shape=diamond];
                  output [label="output", shape=plaintext];
                  input -> n0;
                  n0 -> n1 [label="failures"];
                  n2 -> n3;
                  n0 -> n4 [label="first"];
                  n3 -> n4 [label="second"];
                  n4 -> output;
                }

                """
        )
        #expect(
            graph.mermaid == """
                flowchart LR
                    input(["input"])
                    n0["check #91;1#93;"]
                    n1[\\"log"/]
                    n2>"more"]
                    n3[/"sum"\\]
                    n4{"both"}
                    output(["output"])
                    input --> n0
                    n0 -->|failures| n1
                    n2 --> n3
                    n0 -->|first| n4
                    n3 -->|second| n4
                    n4 --> output

                """
        )
    }
}

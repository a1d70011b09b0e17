import PenstockFlow
import Synchronization
import Testing

/// What a segment has seen, for a test to look at.
final class Collected<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])

    var all: [Item] { self.items.withLock { $0 } }

    func add(_ item: Item) { self.items.withLock { $0.append(item) } }
}

/// An action that does what its test says, at each of its three moments.
struct Probe: Action {
    var onStart: () throws -> Void = {}
    var onItem: (Int) throws -> Void = { _ in }
    var onEnd: () throws -> Void = {}

    func onStart(_ context: ActionContext) throws { try self.onStart() }

    func onInput(_ input: Int, _ put: (Int) throws -> Void) throws {
        try self.onItem(input)
        try put(input)
    }

    func onFinish(_ put: (Int) throws -> Void) throws { try self.onEnd() }
}

/// An error of a test's.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

/// A segment that counts up to the activation item, and sends the numbers to others.
func counting(to targets: String...) -> Segment {
    Segment("start") {
        FlatMap { (count: Int, put: (Int) throws -> Void) in for number in 0..<count { try put(number) } }
        Fanned(targets)
    }
}

/// Sends to segments whose names are in a list.
struct Fanned: Action {
    private let targets: [String]
    private var outlets: [Outlet<Int>] = []

    init(_ targets: [String]) { self.targets = targets }

    mutating func onStart(_ context: ActionContext) { self.outlets = self.targets.map { context.claim($0) } }

    func onInput(_ input: Int, _ put: (Never) throws -> Void) throws {
        for outlet in self.outlets { try outlet.send(input) }
    }
}

@Suite("The handshake of segments", .timeLimit(.minutes(60)))
struct HandshakeTests {
    @Test func `goes through every step of the seed, with a barrier after each phase`() async {
        let pipeline = PipelineManager([
            counting(to: "sink"),
            Segment("sink") { ForEach { (_: Int) in } },
        ])
        let result = await pipeline.run(3)
        #expect(result.outcome == .completed, "\(result)")
        let steps = [
            "a1 PM>SM libraries []", "b1 SM>SR libraries []", "b2 SR>SM libraries loaded", "a2 SM>PM libraries loaded",
            "a3 PM>SM actions", "b3 SM>SR actions", "b4 SR>SM actions loaded: ForEach",
            "a4 SM>PM actions loaded: ForEach",
            "a5 PM>SM start", "b5 SM>SR start", "b6 SR>SM started 1", "a6 SM>PM started 1",
            "a7 SM>PM offers: 'sink' takes Int", "b7 SR>SM claims: []",
            "a8 PM>SM offers: 'start' takes Int, 'sink' takes Int", "links SM>SR links to []",
            "linked SR>SM linked to []", "linked SM>PM linked to []",
            "run PM>SM run", "run SM>SR run", "result SR>SM completed, 3 items", "result SM>PM completed, 3 items",
        ]
        let entries = pipeline.trace.entries
        // What one says while another listens may come in either order, so each side is looked at by itself.
        let said = entries.filter { $0.segment == "sink" }.map { "\($0.step) \($0.way) \($0.text)" }
        #expect(
            said.filter { !$0.hasPrefix("a7") && !$0.hasPrefix("a8") }
                == steps.filter { !$0.hasPrefix("a7") && !$0.hasPrefix("a8") }
        )
        #expect(Set(said) == Set(steps))
        let start = entries.filter { $0.segment == "start" }.map { "\($0.step) \($0.text)" }
        #expect(start.contains("b7 claims: [\"sink\"]"))
        #expect(start.contains("get link get link"))
        #expect(start.contains("activate 3, then the end"))
        // Nobody is asked for the next phase before all have answered the last.
        for (last, next) in [("a2", "a3"), ("a4", "a5"), ("a6", "a8"), ("linked", "run")] {
            let answers = entries.indices.filter { entries[$0].step == last && entries[$0].way == "SM>PM" }
            let requests = entries.indices.filter { entries[$0].step == next && entries[$0].way == "PM>SM" }
            #expect(answers.count == 2 && requests.count == 2)
            #expect((answers.max() ?? .max) < (requests.min() ?? .min), "\(last) before \(next)")
        }
    }

    @Test func `a segment that nobody sends to is not run`() async {
        let (items, ends) = (Collected<Int>(), Collected<String>())
        let pipeline = PipelineManager([
            counting(to: "sink"),
            Segment("sink") {
                Probe(onEnd: { ends.add("sink") })
                ForEach { (item: Int) in items.add(item) }
            },
            Segment("alone") {
                Probe(onEnd: { ends.add("alone") })
                Fanned(["sink"])
            },
        ])
        let result = await pipeline.run(5)
        #expect(result.outcome == .completed)
        #expect(result.segments.map(\.outcome) == [.completed, .completed, .notReferenced])
        #expect(items.all == [0, 1, 2, 3, 4])
        #expect(ends.all == ["sink"])
    }

    @Test func `a claim that no offer meets fails before anything flows, and lists what is on offer`() async {
        let items = Collected<Int>()
        let pipeline = PipelineManager([
            counting(to: "sink", "sunk"),
            Segment("sink") { ForEach { (item: Int) in items.add(item) } },
        ])
        let result = await pipeline.run(5)
        #expect(
            "\(result)".contains(
                "'start': it sends to 'sunk', which is not there; on offer are: 'start' takes Int, 'sink' takes Int"
            ),
            "\(result)"
        )
        #expect(items.all == [])
        #expect(result.segments.map(\.segment) == ["start", "sink"])
        #expect(result.segments[1].outcome == .aborted("the pipeline has failed to start"))
    }

    @Test func `a segment that takes something else is named with both types`() async {
        let pipeline = PipelineManager([
            counting(to: "sink"),
            Segment("sink") { ForEach { (_: String) in } },
        ])
        let result = await pipeline.run(5)
        #expect("\(result)".contains("segment 'start': it sends Int to 'sink' takes String"), "\(result)")
    }

    @Test(arguments: [["start"], ["a", "start"], ["b", "a", "start"]])
    func `a circle is refused, and named`(circle: [String]) async {
        // Each sends to the one before it in the list, and the first to the last.
        let others = circle.dropLast().enumerated().map { place, name in
            Segment(name) { Fanned([place == 0 ? "start" : circle[place - 1]]) }
        }
        let next = circle.count == 1 ? "start" : circle[circle.count - 2]
        let result = await PipelineManager([counting(to: next)] + others).run(5)
        #expect("\(result)".contains("in a circle"), "\(result)")
        for name in circle { #expect("\(result)".contains(name)) }
    }

    @Test func `an action that cannot start fails the pipeline, which names segment, action and reason`() async {
        let (items, starts) = (Collected<Int>(), Collected<String>())
        let pipeline = PipelineManager([
            counting(to: "sink"),
            Segment("sink") {
                Probe(onStart: { starts.add("first") })
                Probe(onStart: { throw Broken(description: "no such file") })
                ForEach { (item: Int) in items.add(item) }
            },
        ])
        let result = await pipeline.run(5)
        #expect(result.outcome == .failed("segment 'sink', action 'Probe': no such file"), "\(result)")
        #expect(items.all == [])
        #expect(starts.all == ["first"])
    }

    @Test func `two segments of one name, and no segment to begin with, are refused`() async {
        let twice = await PipelineManager([counting(), counting()]).run(1)
        #expect("\(twice)".contains("two segments are named 'start'"))
        let none = await PipelineManager([Segment("other") { ForEach { (_: Int) in } }]).run(1)
        #expect("\(none)".contains("there is no segment 'start' to begin with: name one of 'other'"))
        let other = await PipelineManager([counting()]).run("five")
        #expect("\(other)".contains("'start' takes Int, and the activation item is String"))
    }
}

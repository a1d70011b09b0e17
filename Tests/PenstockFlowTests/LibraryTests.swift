import Foundation
import Penstock
import PenstockFlow
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Libraries of actions", .timeLimit(.minutes(60)))
struct LibraryTests {
    /// Builds a library as a person would, for the program that runs these tests.
    private static func build(_ name: String, of source: String) async throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        let modules = try #require(Self.program.map { URL(filePath: $0).deletingLastPathComponent() })
        let library = FileManager.default.temporaryDirectory.appending(path: "lib\(name)-\(getpid()).so")
        let process = Process()
        process.executableURL = root.appending(path: "scripts/action-library")
        process.arguments = ["--modules", modules.path, "--output", library.path, root.appending(path: source).path]
        let status = await withCheckedContinuation { (ended: CheckedContinuation<Int32, Never>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(returning: -1) }
        }
        try #require(status == 0, "\(source) cannot be built")
        return library.path
    }

    private static var program: String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        return count > 0 ? String(decoding: path[..<count].map(UInt8.init), as: UTF8.self) : nil
    }

    /// A library of the test's own, with what is looked at afterwards.
    private static func collecting(_ items: Collected<Int>) -> ActionLibrary {
        ActionLibrary(
            "test",
            RegisteredAction("collect") { ForEach { (item: Int) in items.add(item) } },
            RegisteredAction("fail") { Map { (item: Int) throws -> Int in throw Broken(description: "no \(item)") } },
            RegisteredAction("words") { Map { (word: String) in word } }
        )
    }

    /// The example, which is built once for all tests.
    private static let numbers = Task { try await Self.build("Numbers", of: "Examples/Numbers/Numbers.swift") }

    private static let segments = [
        Segment("start", uses: [ActionUse("numbers.upTo"), .send(to: "even", "threes")]),
        Segment(
            "even",
            uses: [ActionUse("numbers.multiplesOf", .object(["divisor": .integer(2)])), .send(to: "sum")]
        ),
        Segment(
            "threes",
            uses: [ActionUse("numbers.multiplesOf", .object(["divisor": .integer(3)])), .send(to: "sum")]
        ),
        Segment("sum", uses: [ActionUse("numbers.sum"), ActionUse("test.collect")]),
    ]

    @Test func `segments are made of what a library has, which all load in the first phase`() async throws {
        let (path, sums) = (try await Self.numbers.value, Collected<Int>())
        let pipeline = PipelineManager(Self.segments, libraries: [path], actions: [Self.collecting(sums)])
        let result = await pipeline.run(10)
        #expect(result.outcome == .completed, "\(result)")
        #expect(sums.all == [0 + 2 + 4 + 6 + 8 + 0 + 3 + 6 + 9])
        let said = pipeline.trace.entries.filter { $0.segment == "even" }.map { "\($0.step) \($0.text)" }
        #expect(
            said.prefix(8) == [
                "a1 libraries [\"\(path)\"]", "b1 libraries [\"\(path)\"]", "b2 libraries loaded",
                "a2 libraries loaded", "a3 actions numbers.multiplesOf send", "b3 actions numbers.multiplesOf send",
                "b4 actions loaded: numbers.multiplesOf, send", "a4 actions loaded: numbers.multiplesOf, send",
            ]
        )
        #expect(said.contains("a6 started 2"), "\(said)")
    }

    @Test func `the activation item may be JSON`() async throws {
        let (path, sums) = (try await Self.numbers.value, Collected<Int>())
        let pipeline = PipelineManager(Self.segments, libraries: [path], actions: [Self.collecting(sums)])
        let result = await pipeline.run(json: Payload(bytes: Array("4".utf8)))
        #expect(result.outcome == .completed, "\(result)")
        #expect(sums.all == [0 + 2 + 0 + 3])
        let other = PipelineManager(Self.segments, libraries: [path], actions: [Self.collecting(sums)])
        let failed = await other.run(json: Payload(bytes: Array("\"four\"".utf8)))
        #expect("\(failed)".contains("'start' takes Int, and the activation item is \"four\""), "\(failed)")
    }

    @Test(arguments: [
        ("Old", "was built for interface 7, and this program has"), ("Stray", "brings a Penstock of its own"),
    ])
    func `a library that does not fit fails the phase with its reason`(name: String, reason: String) async throws {
        let path = try await Self.build(name, of: "Tests/ActionLibraries/\(name).swift")
        try await Self.expectRefused(path, reason)
    }

    @Test func `a library that is not there, or is none, fails the phase with its reason`() async throws {
        try await Self.expectRefused("/nowhere/libNothing.so", "cannot be loaded")
        try await Self.expectRefused(#filePath, "cannot be loaded")
        try await Self.expectRefused("libsqlite3.so.0", "has no entry point 'penstock_actions'")
    }

    private static func expectRefused(_ path: String, _ reason: String) async throws {
        let sums = Collected<Int>()
        let pipeline = PipelineManager(Self.segments, libraries: [path], actions: [Self.collecting(sums)])
        let result = await pipeline.run(10)
        guard case .failed(let text) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(text.hasPrefix("library '\(path)' ") && text.contains(reason), "\(text)")
        #expect(result.segments.count == 4)
        #expect(!pipeline.trace.entries.contains { $0.step == "a3" }, "nobody is asked for the next phase")
    }

    @Test func `everything that is wrong with the actions of all segments is said at once`() async {
        let segments = [
            Segment("start", uses: [ActionUse("test.nothing"), ActionUse("test.words"), .send(to: "sum")]),
            Segment("sum", uses: [ActionUse("test.fail", .object(["a": .null])), ActionUse("test.words")]),
            Segment("end", uses: [ActionUse("test.collect"), ActionUse("test.fail"), ActionUse("send")]),
            Segment("sends", uses: [.send(to: "end")]),
            Segment("none", uses: []),
        ]
        let pipeline = PipelineManager(segments, actions: [Self.collecting(Collected())])
        let text = "\(await pipeline.run(1))"
        for problem in [
            "'start': actions[0]: there is no 'test.nothing'; there are: test.collect, test.fail, test.words, send",
            "'sum': actions[0].arguments: there is no argument 'a'; there are none",
            "actions[0]: 'test.fail' puts Int, and 'test.words' takes String",
            "actions[1]: what 'test.words' puts goes nowhere: add a 'send' after it",
            "actions[0]: 'test.collect' puts nothing, so 'test.fail' gets nothing: put it last",
            "actions[2].arguments: 'to' is missing, a list, each a string",
            "'sends': there is no action: begin with one that a library has",
            "'none': there is no action",
        ] {
            #expect(text.contains(problem), "\(problem) is not in \(text)")
        }
    }

    @Test func `an action that fails is named as it was asked for`() async {
        let uses = [ActionUse("test.fail"), ActionUse("test.collect")]
        let pipeline = PipelineManager(
            [Segment("start", uses: uses)],
            actions: [Self.collecting(Collected())]
        )
        let result = await pipeline.run(3)
        #expect(result.outcome == .failed("segment 'start', action 'test.fail': no 3"), "\(result)")
    }
}

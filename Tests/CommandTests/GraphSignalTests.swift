import Foundation
import PenstockCommands
import Synchronization
import Testing

/// The command at work in a process of its own, which can be talked to.
private final class Talk {
    private let process = Process()
    private let (input, results, messages) = (Pipe(), Pipe(), Pipe())
    private let patience: DispatchWorkItem
    private(set) var said = ""
    private(set) var warned = ""

    init(_ arguments: [String]) throws {
        self.process.executableURL = Program.url
        self.process.arguments = arguments
        self.process.standardInput = self.input
        self.process.standardOutput = self.results
        self.process.standardError = self.messages
        try self.process.run()
        // A command that does not end is ended, so that the test says so.
        let id = self.process.processIdentifier
        self.patience = DispatchWorkItem { kill(id, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(300), execute: self.patience)
    }

    deinit {
        self.patience.cancel()
        if self.process.isRunning { self.signal(SIGKILL) }
    }

    func write(_ text: String) throws {
        try self.input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }

    func signal(_ number: Int32) {
        // To nobody's process is to all of this group.
        let id = self.process.processIdentifier
        if id > 0 { kill(id, number) }
    }

    /// Reads results until this is among them, or they end.
    func hear(_ text: String) {
        while !self.said.contains(text), let more = Self.more(of: self.results) { self.said += more }
    }

    /// The same for messages.
    func hearWarning(_ text: String) {
        while !self.warned.contains(text), let more = Self.more(of: self.messages) { self.warned += more }
    }

    private static func more(of pipe: Pipe) -> String? {
        let data = pipe.fileHandleForReading.availableData
        return data.isEmpty ? nil : String(decoding: data, as: UTF8.self)
    }

    /// Reads to the end, with its input still open.
    func end() -> (reason: Process.TerminationReason, status: Int32) {
        while let more = Self.more(of: self.results) { self.said += more }
        while let more = Self.more(of: self.messages) { self.warned += more }
        self.process.waitUntilExit()
        return (self.process.terminationReason, self.process.terminationStatus)
    }
}

@Suite(
    "A graph that is told to stop",
    .enabled(if: Program.url != nil, "the penstock command was not built with the tests"),
    .timeLimit(.minutes(60))
)
struct GraphSignalTests {
    private let desk: GraphDesk

    init() throws {
        self.desk = try GraphDesk()
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal ends the input, and what was taken in comes out`(signal: Int32) throws {
        let talk = try Talk(["graph", "run", try self.desk.chain("text.upper"), "--lines"])
        let lines = (0..<2000).map { "line \($0)" }
        try talk.write(lines.joined(separator: "\n") + "\nnot yet a line")
        // It comes out while the input is open.
        talk.hear("\"LINE 1999\"\n")
        talk.signal(signal)
        let end = talk.end()
        #expect(end.reason == .exit && end.status == 0, "\(talk.warned)")
        #expect(talk.said == lines.map { "\"\($0.uppercased())\"\n" }.joined())
        #expect(talk.warned == "penstock: takes no more input, and finishes what is under way; Ctrl-C gives it up\n")
    }

    @Test func `a second Ctrl-C gives up what is under way, and a shell is told`() throws {
        let file = try self.desk.folder.write("one.txt", "first\nsecond\n")
        let (pipe, writer) = try self.desk.pipe()
        let talk = try Talk(["graph", "run", try self.desk.chain("text.lines", "text.upper"), "--lines"])
        try talk.write("\(file)\n\(pipe)\n\(file)\n")
        talk.hear(#""SECOND\n""#)
        // The node reads a pipe that nobody writes to, so that something is under way for as long as it takes.
        talk.signal(SIGINT)
        talk.hearWarning("takes no more input")
        talk.signal(SIGTERM)
        talk.signal(SIGINT)
        talk.hearWarning("gives up what is under way")
        try writer.close()
        let end = talk.end()
        #expect(end.reason == .uncaughtSignal && end.status == SIGINT, "\(talk.warned)")
        #expect(talk.said == #""FIRST\n""# + "\n" + #""SECOND\n""# + "\n")
    }

    @Test func `a third Ctrl-C waits for nobody`() throws {
        let (pipe, writer) = try self.desk.pipe()
        let talk = try Talk(["graph", "run", try self.desk.chain("text.lines"), "--lines"])
        try talk.write("\(try self.desk.folder.write("one.txt", "first\n"))\n\(pipe)\n")
        talk.hear(#""first\n""#)
        for warning in ["takes no more input", "gives up what is under way"] {
            talk.signal(SIGINT)
            talk.hearWarning(warning)
        }
        talk.signal(SIGINT)
        let end = talk.end()
        #expect(end.reason == .uncaughtSignal && end.status == SIGINT, "\(talk.warned)")
        try writer.close()
    }
}

@Suite("The nodes of a run, live", .timeLimit(.minutes(60)))
struct GraphProgressTests {
    /// What was said, by those who listen while it is said.
    private final class Ear: Sendable {
        private struct State {
            var text = ""
            /// What somebody waits for.
            var awaited: (text: String, CheckedContinuation<Void, Never>)?
        }

        private let state = Mutex(State())

        var heard: String { self.state.withLock { $0.text } }

        func hear(_ text: String) {
            let waiting = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.text += text
                guard let awaited = state.awaited, state.text.contains(awaited.text) else { return nil }
                state.awaited = nil
                return awaited.1
            }
            waiting?.resume()
        }

        /// Waits until this was said; a test that waits for ever is named when the suite does not end.
        func wait(for text: String) async {
            await withCheckedContinuation { continuation in
                let isThere = self.state.withLock { state in
                    guard !state.text.contains(text) else { return true }
                    state.awaited = (text, continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }

    @Test func `on a terminal the table is drawn in place, and no larger than there is room for`() async throws {
        let desk = try GraphDesk()
        let path = try desk.chain("numbers.double", "numbers.double", "numbers.double", "numbers.double")
        let (pipe, writer) = try desk.pipe()
        let (results, messages) = (Ear(), Ear())
        let output = Output(showsProgress: true, screen: Output.Screen(columns: 40, rows: 5)) { stream, text in
            (stream == .results ? results : messages).hear(text)
            return true
        }
        let context = CommandContext(groups: desk.groups, output: output)
        async let status = PenstockCommand.run(["graph", "run", path, "--progress", "--input", pipe], context: context)
        try writer.write(contentsOf: Data("1\n".utf8))
        // What has come out is not kept back, and the table is drawn once more over itself.
        await results.wait(for: "16\n")
        await messages.wait(for: "NODE")
        // Nothing is drawn again as long as nothing changes.
        try writer.write(contentsOf: Data("2\n".utf8))
        await messages.wait(for: "\r\u{1B}[3A\u{1B}[J")
        let drawn = try #require(messages.heard.split(separator: "\u{1B}[J").first { $0.contains("NODE") })
        let lines = drawn.split { $0 == "\n" || $0 == "\r" }.filter { !$0.hasPrefix("\u{1B}[3A") }.prefix(4)
        #expect(lines.count == 4)
        #expect(lines.last == "… and 4 more")
        for line in lines { #expect(line.count <= 40 + "\u{1B}[K".count, "\(line)") }
        try writer.close()
        #expect(await status == .success)
        // It is taken away, and the whole table stays.
        let last = try #require(messages.heard.components(separatedBy: "\u{1B}[J").last)
        #expect(
            last.split(separator: "\n").map { $0.prefix(6) } == [
                "NODE  ", "input ", "n0    ", "n1    ", "n2    ", "n3    ", "output",
            ]
        )
    }
}

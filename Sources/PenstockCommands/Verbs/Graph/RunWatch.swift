import Penstock
import PenstockFlow
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The run of a graph in the hands of a command: what comes out is written, and signals end it.
final class RunWatch: Sendable {
    private struct State {
        var isDraining = false
        var isGivenUp = false
        /// What is to be said to people.
        var words: [String] = []
        var shown: [NodeProgress] = []
        var shownAt: ContinuousClock.Instant
    }

    private let run: GraphRun<Payload>
    private let showsProgress: Bool
    /// Whether the run has an input, and not just a place where it would be.
    private let hasInput: Bool
    private let context = CommandContext.current
    private let start = ContinuousClock.now
    private let state: Mutex<State>
    /// Held by whoever speaks.
    private let voice = Mutex(())

    init(_ run: GraphRun<Payload>, of graph: DocumentGraph, showsProgress: Bool) {
        (self.run, self.showsProgress, self.hasInput) = (run, showsProgress, graph.input != nil)
        self.state = Mutex(State(shownAt: self.start))
    }

    /// Whether somebody wanted neither more input nor what was under way.
    var isGivenUp: Bool { self.state.withLock { $0.isGivenUp } }

    // MARK: Signals

    /// Does what a signal asks for: ends the input, then the run, then the process.
    func hear(_ signal: Int32) {
        let (drains, givesUp) = self.state.withLock { state in
            guard state.isDraining else {
                state.isDraining = true
                state.words.append("takes no more input, and finishes what is under way; Ctrl-C gives it up")
                return (true, false)
            }
            guard signal == SIGINT, !state.isGivenUp else { return (false, false) }
            state.isGivenUp = true
            state.words.append("gives up what is under way; Ctrl-C once more does not wait for that either")
            return (false, true)
        }
        if drains { self.run.drain() }
        if givesUp { self.run.cancel("it was given up") }
        if !drains, !givesUp, signal == SIGINT { Interrupts.end() }
        // In a task: whoever hears of signals must not wait for somebody who cannot write his results.
        Task { self.speak() }
    }

    /// Says what is to be said, and does not return before all of it is.
    private func speak() {
        self.voice.withLock { _ in
            let words = self.state.withLock { state in
                defer { state.words = [] }
                return state.words
            }
            for text in words { self.context.output.error("\(self.context.program): \(text)") }
        }
    }

    // MARK: Items

    /// Writes what comes out, to the end of the run.
    /// - Throws: ``CommandFailure`` when the run comes to no good end.
    func write() async throws {
        let ticker = Task { await self.tick() }
        var failure: CommandFailure?
        do {
            for try await item in self.run {
                self.context.output.line(item.text)
                if self.context.output.hasFailed { throw Self.unwritten }
            }
        } catch let error as CommandFailure {
            failure = error
        } catch {
            failure = Self.explained(error)
        }
        ticker.cancel()
        await ticker.value
        self.speak()
        self.context.output.flush()
        if self.showsProgress {
            let table = NodeTable(self.nodes, in: ContinuousClock.now - self.start)
            self.context.output.error(table.lines(on: nil).joined(separator: "\n"))
        }
        if let failure { throw failure }
    }

    private static let unwritten = CommandFailure(
        .inputOutput,
        "the results could not be written: is the disk full, or the pipe closed?"
    )

    /// Says what was wrong, in the words and with the status of a command whose input it was.
    private static func explained(_ error: any Error) -> CommandFailure {
        var status = CommandStatus.failure
        if let failed = error as? GraphFailure, case .failed(let node) = failed.result.outcome {
            if let input = node.error as? CommandFailure { status = input.status }
            if (node.error as? FlowError)?.code == .badItem { status = .data }
        }
        return CommandFailure(status, PlainText("\(error)").text)
    }

    // MARK: Progress

    /// A few times a second hands on what has come out, and shows how far the nodes are.
    private func tick() async {
        let output = self.context.output
        while true {
            do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
            output.sendOn()
            guard self.showsProgress, output.showsProgress else { continue }
            let (nodes, now) = (self.nodes, ContinuousClock.now)
            let table = self.state.withLock { state in
                defer { (state.shown, state.shownAt) = (nodes, now) }
                return NodeTable(nodes, since: state.shown, in: now - state.shownAt)
            }
            output.progress(table.lines(on: output.screen).joined(separator: "\n"))
        }
    }

    private var nodes: [NodeProgress] { Array(self.run.progress.dropFirst(self.hasInput ? 0 : 1)) }
}

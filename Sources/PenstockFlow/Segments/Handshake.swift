import Dispatch
import PenstockThreads
import Synchronization

/// Why a handshake ends before the segments run.
enum HandshakeEnding: Error {
    case failed(String, [String: SegmentFailure])
    case aborted(String)
}

/// The pipeline manager's side of the handshake, in its thread.
final class Handshake {
    private let segments: [Segment]
    private let managers: [SegmentManager]
    private let settings: SegmentSettings
    /// Where all managers' replies are waited for.
    private let bell = Bell()

    init(_ segments: [Segment], _ settings: SegmentSettings) {
        let bell = self.bell
        (self.segments, self.settings) = (segments, settings)
        self.managers = segments.map { SegmentManager($0.name, replyingAt: bell, settings) }
        settings.interruption.add(bell)
    }

    private var interruption: Interruption { self.settings.interruption }

    // MARK: Phases

    /// Takes all segments through the phases, with a barrier after each.
    func bootstrap() throws(HandshakeEnding) {
        for manager in self.managers {
            let code = SystemThread.start("manager \(manager.name)") { manager.main() }
            if code != 0 { manager.couldNotStart(code) }
        }
        _ = try self.phase("a1") { _ in .libraries(self.settings.libraries) }
        _ = try self.phase("a3") { .actions($0.blueprint) }
        _ = try self.phase("a5") { _ in .start }
        var offers: [Offer] = []
        for case .offers(let some) in try self.barrier() { offers += some }
        let all = offers
        var claims: [Claim] = []
        for case .linked(let some) in try self.phase("a8", { _ in .offers(all) }) { claims += some }
        guard let cycle = LinkPlan(claims).cycle else { return }
        throw .failed(
            """
            segments send to one another in a circle, and would wait for one another for ever: \
            \(cycle.joined(separator: " > ")); cut it
            """,
            [:]
        )
    }

    /// Asks all segments for something, and waits until each has answered.
    private func phase(
        _ step: String,
        _ request: (Segment) -> ControlRequest
    ) throws(HandshakeEnding) -> [ControlReply] {
        for (segment, manager) in zip(self.segments, self.managers) { self.ask(manager, step, request(segment)) }
        return try self.barrier()
    }

    /// Waits for one answer of each segment.
    private func barrier() throws(HandshakeEnding) -> [ControlReply] {
        var (replies, failures) = ([ControlReply](), [SegmentFailure]())
        for manager in self.managers {
            let reply = manager.controlOut.next { self.interruption.isSet }
            guard let reply else { throw .aborted(self.interruption.reason) }
            if case .failed(let failure) = reply { failures.append(failure) }
            replies.append(reply)
        }
        guard !failures.isEmpty else { return replies }
        // A library that cannot be loaded can be loaded by nobody, which is said once.
        let isTheSame = failures.allSatisfy { $0.reason == failures[0].reason } && failures.count > 1
        throw .failed(
            isTheSame ? failures[0].reason : failures.map(\.description).joined(separator: "; "),
            Dictionary(failures.map { ($0.segment, $0) }) { first, _ in first }
        )
    }

    // MARK: Activation

    /// Gives the start segment its item, and the end of its stream.
    func activate(_ start: String, _ activation: Activation) throws(HandshakeEnding) {
        guard let manager = self.managers.first(where: { $0.name == start }) else {
            let names = self.segments.map { "'\($0.name)'" }.joined(separator: ", ")
            throw .failed("there is no segment '\(start)' to begin with: name one of \(names)", [:])
        }
        self.ask(manager, "get link", .getLink)
        guard case .link(let offer) = manager.controlOut.next() else { return }
        self.settings.trace.add("activate", start, "PM>", "\(activation.summary), then the end")
        do throws(FlowError) { try activation.write(offer) } catch { throw .failed(error.message, [:]) }
    }

    // MARK: The end

    /// Has all segments run, and waits for their results.
    func run() -> PipelineResult {
        for manager in self.managers { self.ask(manager, "run", .run) }
        var first: SegmentFailure?
        let results = self.results { result in
            guard case .failed(let failure) = result.outcome else { return }
            first = first ?? failure
            guard self.settings.onFailure == .interrupt else { return }
            self.interruption.interrupt("segment '\(result.segment)' has failed")
        }
        if let first { return PipelineResult(outcome: .failed(first.description), segments: results) }
        for case .aborted(let reason) in results.map(\.outcome) {
            return PipelineResult(outcome: .aborted(reason), segments: results)
        }
        return PipelineResult(outcome: .completed, segments: results)
    }

    /// Ends all segments, none of which has run.
    func end(_ ending: HandshakeEnding) -> PipelineResult {
        let (outcome, reason, failures): (PipelineResult.Outcome, String, [String: SegmentFailure]) =
            switch ending {
            case .failed(let reason, let failures): (.failed(reason), "the pipeline has failed to start", failures)
            case .aborted(let reason): (.aborted(reason), reason, [:])
            }
        self.interruption.interrupt(reason)
        for manager in self.managers { self.ask(manager, "end", .terminate(reason)) }
        let results = self.results { _ in }.map { result in
            guard let failure = failures[result.segment] else { return result }
            return SegmentResult(segment: result.segment, outcome: .failed(failure))
        }
        return PipelineResult(outcome: outcome, segments: results)
    }

    /// Waits until every segment has ended, and for those that do not end when they are told to as long as it is
    /// patient.
    private func results(_ heard: (SegmentResult) -> Void) -> [SegmentResult] {
        var results: [String: SegmentResult] = [:]
        let patience = Patience(self.settings.grace, self.bell)
        while results.count < self.managers.count {
            self.bell.wait {
                patience.hasEnded || self.managers.contains { !$0.controlOut.isEmpty }
                    || (self.interruption.isSet && !patience.hasBegun)
            }
            for manager in self.managers {
                while !manager.controlOut.isEmpty, let reply = manager.controlOut.next() {
                    guard case .ended(let result) = reply else { continue }
                    results[manager.name] = result
                    heard(result)
                }
            }
            if self.interruption.isSet { patience.begin() }
            if patience.hasEnded { break }
        }
        let late = "it did not end within \(self.settings.grace) of being told to; its thread is left behind"
        return self.managers.map { manager in
            results[manager.name] ?? SegmentResult(segment: manager.name, outcome: .aborted(late))
        }
    }

    private func ask(_ manager: SegmentManager, _ step: String, _ request: ControlRequest) {
        self.settings.trace.add(step, manager.name, "PM>SM", request.summary)
        manager.controlIn.send(request)
    }
}

/// How long the ends of segments are waited for, from the moment when they were told to end.
private final class Patience: Sendable {
    private let length: Duration
    private let bell: Bell
    private let begun = Atomic(false)
    private let ended = Atomic(false)

    init(_ length: Duration, _ bell: Bell) {
        (self.length, self.bell) = (length, bell)
    }

    var hasBegun: Bool { self.begun.load(ordering: .acquiring) }
    var hasEnded: Bool { self.ended.load(ordering: .acquiring) }

    /// Begins to count, if it has not.
    func begin() {
        guard !self.begun.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let (seconds, attoseconds) = self.length.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(nanoseconds))) {
            self.ended.store(true, ordering: .releasing)
            self.bell.ring()
        }
    }
}

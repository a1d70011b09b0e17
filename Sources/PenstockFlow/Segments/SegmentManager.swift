import PenstockThreads

/// Takes one segment through the handshake: it hands on what the pipeline manager asks for, and matches claims with
/// offers.
final class SegmentManager: Sendable {
    let name: String
    let controlIn = ControlQueue<ControlRequest>()
    let controlOut: ControlQueue<ControlReply>
    private let runner: SegmentRunner
    private let trace: ControlTrace

    /// Makes the manager, and the runner below it.
    init(_ name: String, replyingAt bell: Bell, _ run: SegmentSettings) {
        (self.name, self.trace) = (name, run.trace)
        self.controlOut = ControlQueue(bell: bell)
        self.runner = SegmentRunner(name, run)
    }

    /// Why the handshake ends before the segment runs.
    private enum Ending: Error {
        case told(String)
        case failed(SegmentFailure)
    }

    /// What the thread does.
    func main() {
        let code = SystemThread.start("runner \(self.name)") { self.runner.main() }
        guard code == 0 else { return self.couldNotStart(code) }
        do throws(Ending) {
            try self.work(try self.bootstrap())
        } catch {
            switch error {
            case .told(let reason): self.end(reason)
            case .failed(let failure):
                self.reply("failed", .failed(failure))
                // The others are told as well, and everybody ends.
                while let request = self.controlIn.next() {
                    if case .terminate(let reason) = request { return self.end(reason) }
                }
            }
        }
    }

    /// Says that there is no thread for it.
    func couldNotStart(_ code: Int32) {
        self.reply("failed", .failed(self.failure("no thread could be started (error \(code))")))
        self.reply("result", .ended(SegmentResult(segment: self.name, outcome: .aborted("it has no thread"))))
    }

    // MARK: The handshake

    /// Takes the segment up to its links.
    /// - Returns: what it has on offer.
    private func bootstrap() throws(Ending) -> Offer {
        try self.relay(1)
        guard case .actionsLoaded(_, let offer) = try self.relay(3) else { throw self.outOfTurn("a3") }
        try self.relay(5)
        self.reply("a7", .offers([offer]))
        guard case .claims(let claims) = try self.hear("b7") else { throw self.outOfTurn("b7") }
        guard case .offers(let offers) = try self.next() else { throw self.outOfTurn("a8") }
        self.ask("links", .links(try self.match(claims, offers)))
        self.reply("linked", try self.hear("linked"))
        return offer
    }

    /// Answers with what is on offer, and has the segment run to its end.
    private func work(_ offer: Offer) throws(Ending) {
        while true {
            switch try self.next() {
            case .getLink: self.reply("link", .link(offer))
            case .run:
                self.ask("run", .run)
                return self.reply("result", try self.hear("result"))
            default: throw self.outOfTurn("run")
            }
        }
    }

    private func match(_ claims: [Claim], _ offers: [Offer]) throws(Ending) -> [Offer] {
        do throws(FlowError) {
            return try claims.map { claim throws(FlowError) in try claim.match(offers) }
        } catch {
            throw .failed(self.failure(error.message))
        }
    }

    /// Hands a request on, and the answer back: a1 and b1, b2 and a2.
    @discardableResult
    private func relay(_ step: Int) throws(Ending) -> ControlReply {
        self.ask("b\(step)", try self.next())
        let reply = try self.hear("b\(step + 1)")
        self.reply("a\(step + 1)", reply)
        return reply
    }

    /// Ends the segment before it has run.
    private func end(_ reason: String) {
        self.ask("end", .terminate(reason))
        while let reply = self.runner.controlOut.next() {
            // What it had still to say is of no use any more.
            if case .ended = reply { return self.reply("result", reply) }
        }
    }

    // MARK: What is said

    private func next() throws(Ending) -> ControlRequest {
        guard let request = self.controlIn.next() else { throw self.outOfTurn("end") }
        if case .terminate(let reason) = request { throw .told(reason) }
        return request
    }

    private func hear(_ step: String) throws(Ending) -> ControlReply {
        guard let reply = self.runner.controlOut.next() else { throw self.outOfTurn(step) }
        self.trace.add(step, self.name, "SR>SM", reply.summary)
        if case .failed(let failure) = reply { throw .failed(failure) }
        return reply
    }

    private func ask(_ step: String, _ request: ControlRequest) {
        self.trace.add(step, self.name, "SM>SR", request.summary)
        self.runner.controlIn.send(request)
    }

    private func reply(_ step: String, _ reply: ControlReply) {
        self.trace.add(step, self.name, "SM>PM", reply.summary)
        self.controlOut.send(reply)
    }

    private func failure(_ reason: String) -> SegmentFailure {
        SegmentFailure(segment: self.name, action: nil, reason: reason)
    }

    private func outOfTurn(_ step: String) -> Ending {
        .failed(self.failure("something else was said at step \(step) of the handshake"))
    }
}

/// The thread of a segment: it does what its manager asks for, step by step, and then takes items to the end.
final class SegmentRunner: Sendable {
    let controlIn = ControlQueue<ControlRequest>()
    let controlOut = ControlQueue<ControlReply>()
    private let name: String
    private let run: SegmentSettings

    init(_ name: String, _ run: SegmentSettings) {
        (self.name, self.run) = (name, run)
    }

    /// What the thread does.
    func main() {
        let bell = Bell()
        self.run.interruption.add(bell)
        var work = Work(context: ActionContext(segment: self.name, bell: bell, onFailure: self.run.onFailure))
        while let request = self.controlIn.next() {
            do {
                switch request {
                case .run:
                    let result = self.takeAll(&work)
                    self.controlOut.send(.ended(result))
                    return
                case .terminate(let reason):
                    self.controlOut.send(.ended(SegmentResult(segment: self.name, outcome: .aborted(reason))))
                    return
                default: try self.prepare(request, &work, bell)
                }
            } catch {
                self.controlOut.send(.failed(self.failure(error)))
            }
        }
    }

    /// What the thread has made so far, and nobody else may touch.
    private struct Work {
        let context: ActionContext
        var body: RunnableBody?
    }

    /// One of the steps before the first item.
    private func prepare(_ request: ControlRequest, _ work: inout Work, _ bell: Bell) throws {
        switch request {
        case .libraries(let paths):
            for path in paths { try self.run.catalog.load(path) }
            self.controlOut.send(.librariesLoaded)
        case .actions(let blueprint):
            let body = try blueprint.make(bell, self.run.catalog)
            work.body = body
            self.controlOut.send(.actionsLoaded(body.names, body.offer))
        case .start:
            try work.body?.start(work.context)
            self.controlOut.send(.started(work.context.started))
            self.controlOut.send(.claims(work.context.claims.map(\.claim)))
        case .links(let offers):
            for (outlet, offer) in zip(work.context.claims, offers) { try outlet.connect(to: offer) }
            self.controlOut.send(.linked(work.context.claims.map(\.claim)))
        case .offers, .getLink, .run, .terminate: break
        }
    }

    /// Takes items until there are no more.
    private func takeAll(_ work: inout Work) -> SegmentResult {
        // Whatever happens, the links are let go of, so that nobody waits for this segment.
        defer { work.body = nil }
        guard let body = work.body, body.isReferenced() else {
            for outlet in work.context.claims { outlet.finish() }
            return SegmentResult(segment: self.name, outcome: .notReferenced)
        }
        let outcome: SegmentResult.Outcome
        var count = 0
        do {
            try body.run(self.run.interruption, &count)
            for outlet in work.context.claims { outlet.finish() }
            outcome = .completed
        } catch let stopped as SegmentStopped {
            // A link that has broken because everybody was interrupted is no reason of its own.
            outcome = .aborted(self.run.interruption.isSet ? self.run.interruption.reason : stopped.reason)
        } catch {
            outcome = .failed(self.failure(error))
        }
        for outlet in work.context.claims { outlet.disconnect() }
        return SegmentResult(segment: self.name, outcome: outcome, items: count)
    }

    private func failure(_ error: any Error) -> SegmentFailure {
        let known = error as? ActionFailure
        return SegmentFailure(segment: self.name, action: known?.action, reason: "\(known?.error ?? error)")
    }
}

import Penstock

/// How leases end, and what ends items that nobody holds.
extension ItemModel {
    func settle(_ token: Int64, _ settlement: HistorySettlement, on item: ModelItem) -> [Effect] {
        guard let lease = item.lease, lease.token == token, let row = item.row else {
            return self.repeated(token, settlement, on: item)
        }
        let attempts = row.attempts.lowerBound + 1...row.attempts.upperBound + 1
        func end(as state: ItemState, _ result: String?, counts: Bool = true) -> [Effect] {
            let settled = item.settled { row in
                (row.state, row.result, row.token) = (state, .exactly(result), .exactly(token))
                if counts { row.attempts = attempts }
            }
            return [.accepted(settled)]
        }
        switch settlement {
        case .complete(let result): return end(as: .completed, result)
        case .fail(let failure): return end(as: .failed, failure)
        case .diverge(let failure): return end(as: .diverged, failure)
        case .retry(let failure): return end(as: .ready, failure)
        case .release: return end(as: .ready, nil, counts: false)
        case .consume: return [.accepted(item.removed)]
        case .wait: return [.accepted(item)]
        }
    }

    /// What comes of ending a lease that is not held: what was done already counts as done.
    private func repeated(_ token: Int64, _ settlement: HistorySettlement, on item: ModelItem) -> [Effect] {
        let lost = Effect.refused(Self.leaseLost)
        guard let row = item.row else { return [lost] }
        let isDone: Bool
        switch settlement {
        case .complete(let result): isDone = row.state == .completed && row.result.allows(result)
        case .fail(let failure): isDone = row.state == .failed && row.result.allows(failure)
        case .diverge(let failure): isDone = row.state == .diverged && row.result.allows(failure)
        case .retry(let failure): isDone = row.state == .ready && row.result.allows(failure)
        case .release: isDone = row.state == .ready && row.result.allows(nil)
        case .consume, .wait: isDone = false
        }
        guard isDone, row.token.allows(token) else { return [lost] }
        // What the store decided by itself is not certain, so it may be neither.
        let isCertain = row.token != .anything && row.result != .anything
        return isCertain ? [.accepted(item)] : [.accepted(item), lost]
    }

    func resolve(_ item: ModelItem, _ state: ItemState, _ result: String) -> Effect {
        guard item.isFree, item.row?.state == .ready else { return .refused(Self.conflict) }
        return .accepted(
            item.settled { row in
                row.attempts = row.attempts.lowerBound + 1...row.attempts.upperBound + 1
                (row.state, row.result, row.token) = (state, .exactly(result), .anything)
            }
        )
    }

    func pop(_ item: ModelItem) -> Effect {
        guard item.isFree, item.row?.state != .parked, item.row?.state != .diverged else {
            return .refused(Self.conflict)
        }
        return .accepted(item.removed)
    }

    func control(_ item: ModelItem, _ verb: ControlVerb) -> Effect {
        guard let state = item.row?.state else { return .refused(Self.notFound) }
        let isAllowed =
            switch verb {
            case .cancel: !state.isSettled
            case .restart: true
            case .retry: state == .failed || state == .cancelled
            case .resume: state == .diverged
            case .delete: item.isFree
            }
        guard isAllowed else { return .refused(Self.conflict) }
        switch verb {
        case .delete: return .accepted(item.removed)
        case .cancel:
            return .accepted(item.settled { ($0.state, $0.result, $0.token) = (.cancelled, .anything, .anything) })
        case .restart, .retry, .resume:
            return .accepted(
                item.settled { row in
                    (row.state, row.attempts, row.token) = (.ready, 0...0, .anything)
                    row.result = .exactly(nil)
                }
            )
        }
    }
}

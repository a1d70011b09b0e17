import Penstock

/// The sequential specification of one key of one queue: the contract of ``Store`` as far as it concerns one item.
///
/// A key is absent, or it holds a row that is ready, diverged or ended; and a row that is ready may be leased, under a
/// token that is greater than all before it. A lease that lasts for a time, or whose process has died, may end by
/// itself. Due times and priorities are not in it, nor are the runs of workflows.
struct ItemModel: SequentialModel {
    /// What comes of one step.
    enum Effect: Hashable {
        case accepted(ModelItem)
        /// Nothing happens, for the reason of this code.
        case refused(String)
    }

    static let conflict = PenstockError.Code.conflict.description
    static let duplicateKey = PenstockError.Code.duplicateKey.description
    static let leaseLost = PenstockError.Code.leaseLost.description
    static let notFound = PenstockError.Code.notFound.description
    /// What a specification of single items knows a reason for.
    static let codes: Set<String> = [conflict, duplicateKey, leaseLost, notFound]

    func successors(of item: ModelItem, by operation: ItemOperation) -> [ModelItem] {
        var accepted = [item]
        var isRefused = false
        for step in operation.steps {
            var next: [ModelItem] = []
            for item in accepted {
                let claimed = operation.meetsClaims ? self.effects(of: step, onClaimed: item) : []
                for effect in self.effects(of: step, on: item) + claimed {
                    switch effect {
                    case .accepted(let changed): if !next.contains(changed) { next.append(changed) }
                    case .refused(let code): if operation.outcome == .refused(code) { isRefused = true }
                    }
                }
            }
            accepted = next
        }
        switch operation.outcome {
        case .done: return accepted
        case .refused: return isRefused ? [item] : []
        case .unknown: return accepted.filter { $0 != item }
        }
    }

    func silentSuccessors(of item: ModelItem) -> [(state: ModelItem, from: Int64)] {
        guard let lease = item.lease, let from = lease.endsFrom else { return [] }
        let ended = item.settled { row in
            let (least, most) = (row.attempts.lowerBound, row.attempts.upperBound)
            row.attempts = (lease.isCharged ? least + 1 : least)...(most + 1)
            // Whether the row says that it happened is left to the store.
            (row.token, row.result) = (.anything, .anything)
        }
        return [(ended, from)]
    }

    // MARK: Steps

    private func effects(of step: ItemStep, on item: ModelItem) -> [Effect] {
        switch step {
        case .push(let value, let policy, let answer): self.push(value, policy, answer, on: item)
        case .append(let value, let answer): [self.append(value, answer, on: item)]
        case .settle(let token, let settlement): self.settle(token, settlement, on: item)
        case .resolve(let id, let state, let result):
            self.located(item, id) { self.resolve($0, state, result) }
        case .pop(let id): self.located(item, id) { self.pop($0) }
        case .control(let id, let verb): self.located(item, id) { self.control($0, verb) }
        case .clear: [.accepted(item.isFree && item.row?.state == .ready ? item.removed : item)]
        case .lease(let grant, let end, let isCharged):
            [self.lease(grant, ModelItem.Lease(endsFrom: end, isCharged: isCharged), on: item)]
        case .relinquish(let token): self.relinquish(token, item)
        case .lost(let token): item.lease?.token == token ? [] : [.accepted(item)]
        case .shown(let row): item.shown(as: row).map { [.accepted($0)] } ?? []
        case .ended(let row): row.state.isSettled ? item.shown(as: row).map { [.accepted($0)] } ?? [] : []
        case .missing(let id): item.located(at: id).mayDiffer ? [.accepted(item)] : []
        case .unlisted(let isUnsettled, let states): self.unlisted(isUnsettled, states, item)
        }
    }

    /// What a step comes to when the store believes the item to be held.
    private func effects(of step: ItemStep, onClaimed item: ModelItem) -> [Effect] {
        switch step {
        case .push(_, .replace, _): [.refused(Self.duplicateKey), .refused(Self.conflict)]
        case .append, .resolve, .pop, .control(_, .delete): [.refused(Self.conflict)]
        case .clear: [.accepted(item)]
        default: []
        }
    }

    private func push(
        _ value: String,
        _ policy: DuplicatePolicy,
        _ answer: ItemStep.Pushed?,
        on item: ModelItem
    ) -> [Effect] {
        let fresh = item.replaced(by: ModelItem.Row(id: answer?.id, value: value))
        guard let row = item.row else { return answer?.wasThere == true ? [] : [.accepted(fresh)] }
        switch policy {
        case .refuse: return [.refused(Self.duplicateKey)]
        case .ignore:
            guard let answer else { return [.accepted(item)] }
            guard answer.wasThere, let there = item.located(at: answer.id).item else { return [] }
            return [.accepted(there)]
        case .replace:
            guard item.isFree, row.state.isSettled || row.state == .ready else { return [.refused(Self.duplicateKey)] }
            return answer.map { $0.wasThere || $0.id == row.id } == true ? [] : [.accepted(fresh)]
        }
    }

    private func append(_ value: String, _ answer: ItemStep.Pushed?, on item: ModelItem) -> Effect {
        guard var row = item.row else {
            return .accepted(item.replaced(by: ModelItem.Row(id: answer?.id, value: "[\(value)]")))
        }
        guard item.isFree, row.state == .ready, row.value.last == "]" else { return .refused(Self.conflict) }
        guard answer.map({ $0.id == row.id ?? $0.id }) ?? true else { return .refused("") }
        row.id = row.id ?? answer?.id
        row.value = row.value == "[]" ? "[\(value)]" : "\(row.value.dropLast()),\(value)]"
        var list = item
        list.row = row
        return .accepted(list)
    }

    private func lease(_ grant: HistoryGrant?, _ lease: ModelItem.Lease, on item: ModelItem) -> Effect {
        guard item.isFree, item.row?.state == .ready else { return .refused("") }
        guard let grant else {
            var leased = item
            leased.lease = lease
            return .accepted(leased)
        }
        // What the reader was given counts the attempt that begins; the row does not yet.
        var row = grant.row
        row.attempt -= 1
        guard grant.token > item.newest, var leased = item.shown(as: row) else { return .refused("") }
        (leased.lease, leased.newest) = (lease, grant.token)
        leased.lease?.token = grant.token
        return .accepted(leased)
    }

    private func relinquish(_ token: Int64, _ item: ModelItem) -> [Effect] {
        guard let lease = item.lease, lease.token == token else { return [.accepted(item)] }
        // Whether the row keeps the token of a lease under which nothing was written is left to the store.
        let free = item.settled { $0.token = .anything }
        // The time of the lease may be over, and only that is still to be written down.
        return lease.endsFrom == nil ? [.accepted(free)] : [.accepted(free), .accepted(item)]
    }

    private func unlisted(_ isUnsettled: Bool, _ states: [ItemState], _ item: ModelItem) -> [Effect] {
        guard let row = item.row else { return [.accepted(item)] }
        let isLeftOut = (isUnsettled && row.state.isSettled) || !(states.isEmpty || states.contains(row.state))
        return isLeftOut ? [.accepted(item)] : []
    }

    /// What comes of a step that names the item, which may have another address than it has.
    private func located(_ item: ModelItem, _ id: String?, _ body: (ModelItem) -> Effect) -> [Effect] {
        let (there, mayDiffer) = item.located(at: id)
        return (there.map { [body($0)] } ?? []) + (mayDiffer ? [.refused(Self.notFound)] : [])
    }
}

extension ModelItem {
    /// Whether nobody holds it.
    var isFree: Bool { self.lease == nil }
}

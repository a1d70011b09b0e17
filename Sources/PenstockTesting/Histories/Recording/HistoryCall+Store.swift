import Penstock

extension HistoryRow {
    init(_ record: ItemRecord) {
        self.init(
            id: record.id.key,
            queue: record.queue,
            key: record.key,
            state: record.state,
            attempt: record.attempt,
            token: record.token,
            value: record.payload.text,
            result: record.result?.text
        )
    }
}

extension HistoryLease {
    init(_ lease: LeaseReference) {
        self.init(id: lease.id.key, token: lease.token)
    }
}

extension HistoryReference {
    init(_ reference: ItemReference) {
        switch reference {
        case .id(let id): self = .id(id.key)
        case .key(let queue, let key): self = .key(queue: queue, key: key)
        }
    }
}

extension HistorySettlement {
    init(_ settlement: Settlement) {
        switch settlement {
        case .complete(let result, _): self = .complete(result: result.text)
        case .consume: self = .consume
        case .fail(let failure, _): self = .fail(failure: failure.stored)
        case .retry(_, let failure): self = .retry(failure: failure.stored)
        case .release: self = .release
        case .rest, .park: self = .wait
        case .diverge(let failure): self = .diverge(failure: failure.stored)
        }
    }
}

extension HistoryChange {
    init(_ operation: Operation) {
        switch operation {
        case .push(let item):
            self = .push(
                queue: item.queue,
                key: item.key,
                value: item.payload.text,
                policy: item.onDuplicate,
                replyTo: item.replyTo
            )
        case .settle(let lease, let settlement):
            self = .settle(lease: HistoryLease(lease), as: HistorySettlement(settlement))
        case .resolve(let reference, .resolve(let result)):
            self = .resolve(item: HistoryReference(reference), as: .completed, result: result.text)
        case .resolve(let reference, .reject(let failure)):
            self = .resolve(item: HistoryReference(reference), as: .failed, result: failure.stored)
        case .append(let queue, let key, let element): self = .append(queue: queue, key: key, value: element.text)
        case .pop(let reference): self = .pop(item: HistoryReference(reference))
        case .clear(let queue): self = .clear(queue: queue)
        case .control(let reference, let verb): self = .control(item: HistoryReference(reference), verb: verb)
        case .call(let step): self = .other(what: "call", id: step.caller.key)
        case .abandon(let id): self = .other(what: "abandon", id: id.key)
        case .work(let work): self = .other(what: work.kind, id: nil)
        }
    }
}

extension HistoryCall {
    init(_ request: ReserveRequest) {
        let key: String? = if case .key(let key) = request.choice { key } else { nil }
        self = .reserve(queue: request.queue, key: key, limit: request.limit, lasts: request.duration == nil)
    }

    /// - Returns: `nil` for a query that shows no roots.
    init?(_ query: ItemQuery) {
        let states = ItemState.allCases.filter(query.states.contains)
        let isWhole = query.after == nil
        switch query.scope {
        case .waiting(let queue):
            self = .items(queue: queue, isUnsettled: true, states: states, limit: query.limit, isWhole: isWhole)
        case .roots(let queue):
            self = .items(queue: queue, isUnsettled: false, states: states, limit: query.limit, isWhole: isWhole)
        case .journal: return nil
        }
    }
}

extension HistoryOutcome {
    init(_ receipt: Receipt) {
        self = .committed(ids: receipt.ids.map { $0?.key }, wasThere: receipt.wasThere)
    }

    init(_ items: [LeasedItem]) {
        self = .leased(items: items.map { HistoryGrant(token: $0.lease.token, row: HistoryRow($0.record)) })
    }

    /// What came of a transaction; of the other calls those that throw have done nothing.
    ///
    /// A closed store is the end of its process as far as anybody can tell, so what it was doing is unknown as well.
    init(commitThatThrew error: PenstockError) {
        switch error.code {
        case .storeUnavailable, .storeClosed, .storeUnusable: self = .unknown(why: error.code.description)
        default: self = .refused(code: error.code.description)
        }
    }
}

extension Failure {
    /// The failure as a store keeps it.
    fileprivate var stored: String {
        do throws(PenstockError) {
            return try Payload(encoding: self).text
        } catch {
            // A failure is made of texts and numbers, which encode.
            preconditionFailure("a failure does not encode: \(error)")
        }
    }
}

import Penstock

/// Tokens: none is given twice, they grow from lease to lease, and only the newest changes anything.
struct FencingCheck {
    private struct Grant {
        let lease: HistoryLease
        let place: Int
        let invoked: Int64
        let returned: Int64
    }

    private let split: ItemHistories
    private(set) var findings: [HistoryFinding] = []

    init(_ split: ItemHistories) {
        self.split = split
        let grants = self.grants
        self.checkOnce(grants)
        let byItem = Dictionary(grouping: grants) { $0.lease.id }
        for (_, grants) in byItem.sorted(by: { $0.key < $1.key }) { self.checkOrder(grants) }
        self.checkUses(byItem)
    }

    /// In the order of the calls.
    private var grants: [Grant] {
        self.split.history.events.enumerated().flatMap { place, event in
            guard case .leased(let items) = event.outcome, let returned = event.returned else { return [Grant]() }
            return items.map { item in
                let lease = HistoryLease(id: item.row.id, token: item.token)
                return Grant(lease: lease, place: place, invoked: event.invoked, returned: returned)
            }
        }
    }

    private mutating func find(_ id: String, _ account: String, _ place: Int) {
        let item = self.split.names[id]?.description
        self.findings.append(HistoryFinding(promise: .fencing, item: item, account: account, call: place + 1))
    }

    private mutating func checkOnce(_ grants: [Grant]) {
        var given: [Int64: Grant] = [:]
        for grant in grants {
            guard let other = given.updateValue(grant, forKey: grant.lease.token) else { continue }
            let account = "token \(grant.lease.token) was given to calls \(other.place + 1) and \(grant.place + 1)"
            self.find(grant.lease.id, account, grant.place)
        }
    }

    /// A lease that was there before another was asked for has a smaller token.
    private mutating func checkOrder(_ grants: [Grant]) {
        let ended = grants.sorted { $0.returned < $1.returned }
        var (next, newest): (Int, Grant?) = (0, nil)
        for grant in grants {
            while next < ended.count, ended[next].returned < grant.invoked {
                if ended[next].lease.token > newest?.lease.token ?? .min { newest = ended[next] }
                next += 1
            }
            guard let newest, newest.lease.token >= grant.lease.token else { continue }
            let account = "token \(grant.lease.token) of call \(grant.place + 1) came after \(newest.lease.token)"
            self.find(grant.lease.id, account + " of call \(newest.place + 1)", grant.place)
        }
    }

    /// What was accepted under a token when another was known to be newer, or in two ways.
    private mutating func checkUses(_ grants: [String: [Grant]]) {
        var settled: [HistoryLease: HistorySettlement] = [:]
        var tried: Set<HistoryChange> = []
        for (place, event) in self.split.history.events.enumerated() {
            switch (event.call, event.outcome) {
            case (.commit(let changes), .committed):
                for case .settle(let lease, let settlement) in changes where settlement != .wait {
                    let isFirst = tried.insert(.settle(lease: lease, as: settlement)).inserted
                    if isFirst { self.checkNewest(lease, "was settled", grants, event, place) }
                    let other = settled.updateValue(settlement, forKey: lease)
                    guard let other, other != settlement else { continue }
                    self.find(lease.id, "token \(lease.token) ended in two ways: \(other) and \(settlement)", place)
                }
            case (.commit(let changes), _) where event.isUnknown:
                for case .settle(let lease, let settlement) in changes {
                    tried.insert(.settle(lease: lease, as: settlement))
                }
            case (.extend(let leases, _), .extended):
                for lease in leases { self.checkNewest(lease, "was extended", grants, event, place) }
            default: break
            }
        }
    }

    private mutating func checkNewest(
        _ lease: HistoryLease,
        _ what: String,
        _ grants: [String: [Grant]],
        _ event: HistoryEvent,
        _ place: Int
    ) {
        let newer = grants[lease.id]?.first { $0.lease.token > lease.token && $0.returned < event.invoked }
        guard let newer else { return }
        let account = "token \(lease.token) \(what) by call \(place + 1), after call \(newer.place + 1) had been given"
        self.find(lease.id, account + " token \(newer.lease.token)", place)
    }
}

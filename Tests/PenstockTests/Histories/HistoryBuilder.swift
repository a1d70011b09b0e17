import Penstock

@testable import PenstockTesting

/// Makes histories by hand: each call begins when the one before has ended, unless it is told otherwise.
struct HistoryBuilder {
    private var lines: [HistoryLine] = []
    private var instant: Int64 = 0
    private var calls = 0

    var history: History { History(self.lines) }

    /// Begins a call and leaves it open.
    mutating func began(_ call: HistoryCall, process: Int = 0) -> HistoryLine.Source {
        self.calls += 1
        self.instant += 1
        let source = HistoryLine.Source(process: process, client: 1, number: self.calls)
        self.lines.append(HistoryLine(at: self.instant, source: source, call: call))
        return source
    }

    mutating func ended(_ source: HistoryLine.Source, _ outcome: HistoryOutcome) {
        self.instant += 1
        self.lines.append(HistoryLine(at: self.instant, source: source, outcome: outcome))
    }

    mutating func add(_ call: HistoryCall, _ outcome: HistoryOutcome, process: Int = 0) {
        let source = self.began(call, process: process)
        self.ended(source, outcome)
    }

    /// A process dies.
    mutating func died(process: Int) {
        self.instant += 1
        let source = HistoryLine.Source(process: process, client: 0, number: 0)
        self.lines.append(HistoryLine(at: self.instant, source: source))
    }

    // MARK: In short

    static func pushes(_ key: String?, _ value: String, _ policy: DuplicatePolicy = .ignore) -> HistoryCall {
        .commit(changes: [.push(queue: "q", key: key, value: value, policy: policy, replyTo: nil)])
    }

    static func settles(_ id: String, _ token: Int64, _ settlement: HistorySettlement) -> HistoryCall {
        .commit(changes: [.settle(lease: HistoryLease(id: id, token: token), as: settlement)])
    }

    static func made(_ ids: String?...) -> HistoryOutcome {
        .committed(ids: ids, wasThere: ids.map { _ in false })
    }

    static func row(
        _ id: String,
        _ value: String,
        key: String = "a",
        _ state: ItemState = .ready,
        attempt: Int = 0,
        token: Int64 = 0,
        result: String? = nil
    ) -> HistoryRow {
        HistoryRow(
            id: id,
            queue: "q",
            key: key,
            state: state,
            attempt: attempt,
            token: token,
            value: value,
            result: result
        )
    }

    /// Adds a push that is told that it has made an item.
    mutating func push(_ key: String, _ value: String, made id: String) {
        self.add(Self.pushes(key, value), Self.made(id))
    }

    /// Adds a lease.
    mutating func lease(_ row: HistoryRow, _ token: Int64, lasts: Bool = true, process: Int = 0) {
        let call = HistoryCall.reserve(queue: "q", key: nil, limit: 1, lasts: lasts)
        self.add(call, .leased(items: [HistoryGrant(token: token, row: row)]), process: process)
    }

    mutating func settle(_ id: String, _ token: Int64, _ settlement: HistorySettlement) {
        self.add(Self.settles(id, token, settlement), Self.made(id))
    }

    mutating func read(_ row: HistoryRow?, key: String = "a") {
        self.add(.item(of: .key(queue: "q", key: key)), .row(row))
    }

    /// Adds a look at all there is.
    mutating func list(_ rows: HistoryRow...) {
        self.add(.items(queue: nil, isUnsettled: false, states: [], limit: 1000, isWhole: true), .rows(rows))
    }
}

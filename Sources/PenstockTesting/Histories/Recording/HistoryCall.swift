import Penstock

/// What a client asked of its store, as it is written down.
///
/// Items are named by what ``ItemID/key`` says of their addresses.
enum HistoryCall: Sendable, Hashable, Codable {
    case commit(changes: [HistoryChange])
    /// `key` is the one that was asked for; `lasts` is whether the lease goes on until the process ends.
    case reserve(queue: String, key: String?, limit: Int, lasts: Bool)
    case extend(leases: [HistoryLease], lasts: Bool)
    case relinquish(lease: HistoryLease)
    case item(of: HistoryReference)
    case settled(id: String)
    /// `queue` is `nil` for all; `isWhole` is whether the page begins with the first row.
    case items(queue: String?, isUnsettled: Bool, states: [ItemState], limit: Int, isWhole: Bool)
}

/// One change of a transaction.
enum HistoryChange: Sendable, Hashable, Codable {
    case push(queue: String, key: String?, value: String, policy: DuplicatePolicy, replyTo: String?)
    case settle(lease: HistoryLease, as: HistorySettlement)
    case resolve(item: HistoryReference, as: ItemState, result: String)
    case append(queue: String, key: String, value: String)
    case pop(item: HistoryReference)
    case clear(queue: String)
    case control(item: HistoryReference, verb: ControlVerb)
    /// Steps of runs, and work that only one kind of store understands; `id` is the item that it concerns.
    case other(what: String, id: String?)
}

/// How a lease was ended.
enum HistorySettlement: Sendable, Hashable, Codable {
    case complete(result: String)
    case consume
    case fail(failure: String)
    case retry(failure: String)
    case release
    case diverge(failure: String)
    /// The lease goes on.
    case wait
}

/// Which item.
enum HistoryReference: Sendable, Hashable, Codable {
    case id(String)
    case key(queue: String, key: String)
}

/// A claim on an item.
struct HistoryLease: Sendable, Hashable, Codable {
    let id: String
    let token: Int64
}

/// What somebody was shown of an item.
struct HistoryRow: Sendable, Hashable, Codable {
    var id: String
    var queue: String
    var key: String
    var state: ItemState
    var attempt: Int
    var token: Int64
    var value: String
    var result: String?
}

/// How a call ended.
enum HistoryOutcome: Sendable, Hashable, Codable {
    /// `ids` and `wasThere` are those of the receipt.
    case committed(ids: [String?], wasThere: [Bool])
    case leased(items: [HistoryGrant])
    case row(HistoryRow?)
    case rows([HistoryRow])
    case isBack(Bool)
    case extended
    /// Nothing has happened; `code` says why.
    case refused(code: String)
    /// It may have happened, or may yet happen.
    case unknown(why: String)
}

/// An item that was leased, and its token.
struct HistoryGrant: Sendable, Hashable, Codable {
    let token: Int64
    let row: HistoryRow
}

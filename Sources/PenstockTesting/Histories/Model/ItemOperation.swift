import Penstock

/// What one call asked of one item, and what it was answered.
struct ItemOperation: Hashable {
    /// The answer.
    enum Outcome: Hashable {
        case done
        /// Nothing has happened, for the reason of this code.
        case refused(String)
        /// Nobody has heard of it.
        case unknown
    }

    /// What was asked, in order; it happens all or none.
    var steps: [ItemStep]
    var outcome = Outcome.done
    /// Whether a store may believe the item to be held that it is asked to change, although nobody holds it.
    ///
    /// It may claim an item for a moment on behalf of a reader who does not get it in the end.
    var meetsClaims = false

    /// Whether it has changed nothing, so that it only says what the item was.
    var isPassive: Bool {
        if case .refused = self.outcome { return true }
        return self.steps.allSatisfy { step in
            switch step {
            case .lost, .shown, .ended, .missing, .unlisted: true
            case .push, .append, .settle, .resolve, .pop, .control, .clear, .lease, .relinquish: false
            }
        }
    }
}

/// One thing that is asked of an item.
enum ItemStep: Hashable {
    /// The answer to a push: which item has the key, and whether it was there.
    struct Pushed: Hashable {
        let id: String
        let wasThere: Bool
    }

    case push(value: String, DuplicatePolicy, Pushed?)
    case append(value: String, Pushed?)
    case settle(token: Int64, HistorySettlement)
    /// The addresses of these are `nil` when the item was named by its key.
    case resolve(id: String?, ItemState, result: String)
    case pop(id: String?)
    case control(id: String?, ControlVerb)
    case clear
    /// The item was leased; as what, if somebody has heard of it.
    case lease(HistoryGrant?, endsFrom: Int64?, isCharged: Bool)
    case relinquish(token: Int64)
    /// Somebody was told that the lease has ended.
    case lost(token: Int64)
    /// Somebody was shown the item.
    case shown(HistoryRow)
    /// Somebody was shown the item who waited for its end.
    case ended(HistoryRow)
    /// Somebody was told that there is no such item.
    case missing(id: String?)
    /// A whole page of the queue did not show the item.
    case unlisted(isUnsettled: Bool, states: [ItemState])
}

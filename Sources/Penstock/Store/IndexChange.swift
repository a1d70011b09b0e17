/// What a committed transaction did to one item.
package struct IndexChange {
    /// The item.
    package var id: ItemID
    /// Its queue.
    package var queue: String
    /// The state of its row before, if nobody held it; `nil` for a new item.
    package var from: ItemState?
    /// The state of its row now; `nil` when the row is gone.
    package var to: ItemState?
    /// The entry for its lane, when it is ready.
    package var item: ReadyItem?
    /// Whether a lease on it is over.
    package var endsLease = true
    /// Whether nobody is at work on it any more, although its lease goes on.
    package var isAtRest = false
    /// Whether the lease ends against its holder's will.
    package var isForced = false
    /// The step of the run that has ended, so that its holder ought to look.
    package var newsOf: Int?

    /// Whether the row came with this change.
    var isNew: Bool { self.from == nil && self.to == .ready }

    /// Whether the row came, went or changed its state or place; otherwise the change is mere news.
    package var movesRow: Bool { self.from != nil || self.to != nil }
}

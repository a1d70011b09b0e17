/// A promise that a history shows not to have been kept.
public struct HistoryFinding: Sendable, CustomStringConvertible {
    /// Which promise: the numbers are those of the invariants in the reliability bar.
    public enum Promise: String, Sendable, Hashable, CaseIterable {
        /// Everything that was acknowledged is there, or somebody has taken it out.
        case noLoss = "nothing acknowledged is lost"
        /// What is there was pushed by somebody.
        case noInvention = "nothing is invented"
        /// A key is in its queue once, and an address belongs to one item for ever.
        case oneItem = "one item for a key and one address for an item"
        /// An item ends once, and its result stays.
        case oneResult = "one result"
        /// Tokens grow, none is given twice, and only the newest changes anything.
        case fencing = "tokens are fenced"
        /// Nothing counts as an attempt that was not one.
        case attempts = "attempts are counted once"
        /// What each item was seen to do, one thing after the other could have done.
        case linearizable = "linearizable"
    }

    /// Which promise.
    public let promise: Promise
    /// The queue and the key of the item, if it is about one.
    public let item: String?
    /// What was found, in one or more lines.
    public let account: String
    /// After how many calls it could be seen; they are numbered in the order in which they began.
    public let call: Int

    /// The finding in one or more lines.
    public var description: String {
        "not kept: \(self.promise.rawValue)\(self.item.map { ", \($0)" } ?? "") (call \(self.call)): \(self.account)"
    }
}

/// Where an item lives: in which tree of runs, in whose journal, at which step.
///
/// An item that was pushed or started is the root of a tree of its own. A call is filed under the run that made it, so
/// a run's journal is one range of neighbouring rows, and everything that one root caused can live on one machine.
public struct ItemID: Hashable, Comparable, Sendable, Codable {
    /// The number of the item at the root of the tree.
    public let root: Int64

    /// The number of the run in whose journal the item is filed; equal to `root` for the root itself and its calls.
    public let run: Int64

    /// The place in that journal, from 1; 0 is the root item itself.
    public let step: Int

    /// Makes an address from its parts.
    public init(root: Int64, run: Int64, step: Int) {
        self.root = root
        self.run = run
        self.step = step
    }

    /// Makes the address of a root item.
    package init(root: Int64) {
        self.init(root: root, run: root, step: 0)
    }

    /// Whether the item was pushed or started, not called by a run.
    public var isRoot: Bool { self.step == 0 }

    /// The key under which Penstock files an item that nobody named: `~root.run.step`, shortened where parts repeat.
    public var key: String {
        if self.isRoot { return "~\(self.root)" }
        if self.run == self.root { return "~\(self.root).\(self.step)" }
        return "~\(self.root).\(self.run).\(self.step)"
    }

    /// Reads an address back from a key that Penstock made; `nil` for any other key.
    public init?(key: String) {
        guard key.first == "~" else { return nil }
        let parts = key.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
        switch parts.count {
        case 1:
            guard let root = parts[0] else { return nil }
            self.init(root: root)
        case 2:
            guard let root = parts[0], let step = parts[1], step > 0 else { return nil }
            self.init(root: root, run: root, step: Int(step))
        case 3:
            guard let root = parts[0], let run = parts[1], let step = parts[2], step > 0 else { return nil }
            self.init(root: root, run: run, step: Int(step))
        default: return nil
        }
        guard self.key == key else { return nil }
    }

    /// Feeds the address into a hash as one number.
    ///
    /// Addresses are looked up a dozen times for every step, and to hash three numbers costs twice as much.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.root &+ self.run &* 0x2545_f491_4f6c_dd1d &+ Int64(self.step) &* 0x1b87_3593_9e37_79b9)
    }

    /// Orders addresses as the rows are filed: by tree, run and step.
    public static func < (left: ItemID, right: ItemID) -> Bool {
        (left.root, left.run, left.step) < (right.root, right.run, right.step)
    }
}

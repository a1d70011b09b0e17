import Penstock

/// The numbers of a copy from which its owners go on.
///
/// The upper part of every fencing token is the epoch, and every item has a number of its own. A backup knows less than
/// what went on after it, so before it is put in place both are raised over all that anybody can have been given.
struct Fence {
    private let path: String

    /// By how much they are raised when nobody knows any more what was given: so often may the store have been opened
    /// since the backup, and so many blocks of numbers may have been begun.
    static let margin: Int64 = 1000

    init(of path: String) {
        self.path = path
    }

    /// Raises the numbers.
    /// - Returns: the epoch that the copy has now; its next owner has the one after it.
    func raise(over former: FormerStore, _ owner: OwnerFile) throws(PenstockError) -> Int64 {
        let connection = try SQLiteConnection(DatabaseFile(self.path), keepsLog: false)
        let table = SQLiteTable(inspecting: connection, path: self.path)
        let known = max(try table.meta("epoch"), former.numbers?.epoch ?? 0, owner.claims.epoch)
        let margin = former.numbers == nil ? Self.margin : 0
        let epoch = known + 1 + margin
        let next = max(try table.meta("next_number"), former.numbers?.next ?? 0) + margin * NumberBlock.size
        try connection.execute("BEGIN IMMEDIATE")
        try table.setMeta("epoch", epoch)
        try table.setMeta("next_number", next)
        try connection.execute("COMMIT")
        table.letGo()
        return epoch
    }
}

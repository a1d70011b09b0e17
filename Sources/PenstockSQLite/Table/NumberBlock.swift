/// The numbers that may be given to items without asking the database.
///
/// The database says that everything below `reserved` may be in use; the last one given out is known to memory only.
/// What a crash leaves of a block is never used, so no number is given out twice, deleted rows included.
struct NumberBlock {
    /// The number to be given out next.
    ///
    /// It never falls, whatever is undone.
    private(set) var next: Int64 = 0
    /// Where the block ends; it is `next` when a block has to be reserved first.
    private(set) var reserved: Int64 = 0
    /// Whether it was reserved by what may yet be undone: by the group, and since the mark in it.
    private var isInGroup = false
    private var isSinceMark = false

    static let size: Int64 = 1_000_000

    var isEmpty: Bool { self.next >= self.reserved }

    /// The end of the next block, which has to be written down before ``reserved(to:)``.
    var nextEnd: Int64 { self.next + Self.size }

    /// Begins where the database says.
    mutating func open(at next: Int64) {
        self.next = max(self.next, next)
        self.reserved = self.next
    }

    mutating func reserved(to end: Int64) {
        self.reserved = end
        self.isInGroup = true
        self.isSinceMark = true
    }

    mutating func take() -> Int64 {
        defer { self.next += 1 }
        return self.next
    }

    mutating func savepoint() {
        self.isSinceMark = false
    }

    mutating func rolledBackToSavepoint() {
        if self.isSinceMark { self.reserved = self.next }
        self.isSinceMark = false
    }

    mutating func groupEnded(undone: Bool) {
        if undone, self.isInGroup { self.reserved = self.next }
        self.isInGroup = false
        self.isSinceMark = false
    }
}

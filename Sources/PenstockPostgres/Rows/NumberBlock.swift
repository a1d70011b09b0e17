/// Numbers that a process may give away without asking the server for each of them.
///
/// They only grow within a block, and every block is greater than all that were given before it.
struct NumberBlock: Sendable {
    /// How many numbers the server's sequence counts on with each call.
    static let size: Int64 = 1024

    private var next: Int64 = 0
    private var end: Int64 = 0

    /// Takes the next number that is greater than `floor`; `nil` when a new block is needed.
    mutating func take(after floor: Int64) -> Int64? {
        guard self.next < self.end, self.next > floor else { return nil }
        defer { self.next += 1 }
        return self.next
    }

    /// Goes on with the block that begins at `start`.
    mutating func renew(from start: Int64) {
        (self.next, self.end) = (start, start + Self.size)
    }

    /// Forgets what is left, so that what comes next is greater than what others have been given meanwhile.
    mutating func expire() {
        self.end = self.next
    }
}

/// The numbers from 0 in batches.
struct Batches: Sequence, IteratorProtocol {
    let count: Int
    let size: Int
    private var first = 0

    init(count: Int, size: Int) {
        (self.count, self.size) = (count, size)
    }

    mutating func next() -> [Int]? {
        guard self.first < self.count else { return nil }
        defer { self.first += self.size }
        return Array(self.first..<Swift.min(self.first + self.size, self.count))
    }
}

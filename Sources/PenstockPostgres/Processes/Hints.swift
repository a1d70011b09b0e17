/// What one process tells the others, so that they look now instead of later.
///
/// A hint may be lost or come twice: it says only where to look.
struct Hints: Equatable {
    /// Queues that may have items.
    var ready: Set<String> = []
    /// Queues that have fewer items than before.
    var left: Set<String> = []
    /// Processes that have news.
    var holders: Set<Int64> = []
    /// Whether items have ended.
    var hasEndings = false
    /// Whether somebody has come, or has begun to hold something: look who is there.
    var isRollCall = false

    /// Whether there may be anything anywhere, as for somebody who has just come.
    var isEverything = false

    /// The most bytes of a hint; PostgreSQL takes 7,999.
    private static let limit = 7000

    /// Whether there is nothing to tell.
    var isEmpty: Bool { self == Hints() }

    mutating func formUnion(_ other: Hints) {
        self.ready.formUnion(other.ready)
        self.left.formUnion(other.left)
        self.holders.formUnion(other.holders)
        self.hasEndings = self.hasEndings || other.hasEndings
        self.isRollCall = self.isRollCall || other.isRollCall
        self.isEverything = self.isEverything || other.isEverything
    }

    /// The hints as a word that is sent; one that is too long says only that there is something everywhere.
    var word: String {
        var parts = self.ready.sorted().map { "q\($0)" } + self.left.sorted().map { "l\($0)" }
        parts += self.holders.sorted().map { "h\($0)" }
        if self.hasEndings { parts.append("e") }
        if self.isRollCall { parts.append("p") }
        let word = parts.joined(separator: " ")
        return self.isEverything || word.utf8.count > Self.limit ? "*" : word
    }

    /// Reads a word; `nil` for one that says that there is something everywhere, or that nobody understands.
    init?(word: String) {
        for part in word.split(separator: " ") {
            let rest = String(part.dropFirst())
            switch part.first {
            case "q": self.ready.insert(rest)
            case "l": self.left.insert(rest)
            case "h":
                guard let holder = Int64(rest) else { return nil }
                self.holders.insert(holder)
            case "e": self.hasEndings = true
            case "p": self.isRollCall = true
            default: return nil
            }
        }
    }

    init() {}
}

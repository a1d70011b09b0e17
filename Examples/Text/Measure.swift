/// What `wc` says of a text.
struct Measure: Codable {
    var lines = 0
    var words = 0
    var bytes = 0

    init() {}

    /// Measures a line, with its line feed or without.
    init(of line: String) {
        var line = line
        (self.lines, self.words, self.bytes) = line.withUTF8 { bytes in
            let words = unsafe bytes.split { $0 == 32 || (9...13).contains($0) }
            return unsafe (bytes.last == 10 ? 1 : 0, words.count, bytes.count)
        }
    }

    mutating func add(_ other: Measure) {
        self.lines += other.lines
        self.words += other.words
        self.bytes += other.bytes
    }
}

/// What a text comes to: its measure, and how often each word is in it.
struct Report: Codable {
    var lines = 0
    var words = 0
    var bytes = 0
    var frequencies: [String: Int] = [:]

    mutating func add(_ measure: Measure, _ words: [String]) {
        self.lines += measure.lines
        self.words += measure.words
        self.bytes += measure.bytes
        for word in words { self.frequencies[word, default: 0] += 1 }
    }
}

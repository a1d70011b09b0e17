public import PenstockFlow

/// What text is counted with: nodes for graphs that come as data.
///
/// A line has its line feed with it, as far as there is one, so that what is counted of lines is what `wc` counts of
/// files.
public enum TextGroup {
    /// The group, which is named `text`.
    public static func make() throws(FlowErrors) -> ProcessorGroup {
        try ProcessorGroup("text") {
            Processor("lines", Self.lines)
            Processor("words") { (line: String) in Self.words(of: line) }
            Processor("each") { (texts: [String], put) in for text in texts { try await put(text) } }
            Processor("measure") { (line: String) in Measure(of: line) }
            Processor("upper") { (text: String) in text.uppercased() }
            Processor("lower") { (text: String) in text.lowercased() }
            Processor("trim") { (text: String) in Self.trimmed(text) }
            Configured("match") { (rule: Match) in
                Processor("match") { (text: String, put) in
                    if text.contains(rule.pattern) != (rule.invert ?? false) { try await put(text) }
                }
            }
            Configured("first") { (limit: Limit) in
                Gather("first", into: [String]()) { (texts: inout [String], text: String) in
                    if texts.count < limit.most { texts.append(text) }
                } finish: { texts, put in
                    for text in texts { try await put(text) }
                }
            }
            Gather("count", into: [:]) { (counts: inout [String: Int], text: String) in counts[text, default: 0] += 1 }
            Configured("top") { (limit: Limit) in
                Processor("top") { (counts: [String: Int], put) in
                    for count in Self.top(limit.most, of: counts) { try await put(count) }
                }
            }
            Gather("sum", into: Measure()) { (sum: inout Measure, line: Measure) in sum.add(line) }
            Gather("report", into: Report()) { (report: inout Report, line: Joined<Measure, [String]>) in
                report.add(line.first, line.second)
            }
        }
    }

    /// What `match` is told.
    struct Match: Codable {
        /// What has to be in a text.
        let pattern: String
        /// Whether those pass that do not have it.
        let invert: Bool?
    }

    /// How many there are to be.
    struct Limit: Codable {
        let most: Int
    }

    /// How often a text was there.
    struct Count: Codable {
        let text: String
        let times: Int
    }
}

// MARK: What the nodes do

extension TextGroup {
    /// Puts the lines of the file at a path.
    @Sendable
    private static func lines(_ path: String, put: (String) async throws -> Void) async throws {
        var lines = try FileLines(of: path)
        while let line = try lines.next() { try await put(line) }
    }

    /// The words of a line, of the letters from a to z, in lower case.
    private static func words(of line: String) -> [String] {
        let letters = line.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
        return letters.split { !(97...122).contains($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(
            start.prefix(upTo: start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex)
        )
    }

    private static func top(_ most: Int, of counts: [String: Int]) -> [Count] {
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.prefix(max(0, most)).map { Count(text: $0.key, times: $0.value) }
    }
}

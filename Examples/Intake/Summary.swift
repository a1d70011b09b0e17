public import Penstock

/// What all files of an intake come to.
public struct Summary: Codable, Sendable, Hashable {
    /// How many files there are.
    public var files = 0
    /// How large they are together.
    public var bytes = 0
    /// How many lines of text they have.
    public var lines = 0
    /// In how many of them something was found that looks like a secret.
    public var flagged = 0
    /// How many are of each kind.
    public var kinds: [String: Int] = [:]
    /// How many are in each encoding.
    public var encodings: [String: Int] = [:]

    /// Makes a summary of nothing.
    public init() {}

    /// Adds up the results of all runs of a workflow.
    public init(of workflow: String, in store: any Store) async throws {
        var last: ItemRecord?
        repeat {
            let query = ItemQuery(.roots(queue: workflow), states: [.completed], after: last)
            let page = try await store.items(query)
            for record in page {
                if let report: FileReport = try record.result?.decode() { self.add(report) }
            }
            last = page.last
        } while last != nil
    }

    /// Adds a file.
    public mutating func add(_ report: FileReport) {
        self.files += 1
        self.bytes += report.measurement.bytes
        self.lines += report.measurement.lines
        self.flagged += report.verdict == .clean ? 0 : 1
        self.kinds[report.kind.rawValue, default: 0] += 1
        self.encodings[report.measurement.encoding.rawValue, default: 0] += 1
    }
}

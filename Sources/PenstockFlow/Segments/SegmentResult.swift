/// How a segment has ended.
public struct SegmentResult: Sendable, Hashable, CustomStringConvertible {
    /// How.
    public enum Outcome: Sendable, Hashable {
        /// It has taken all there was, and its actions have finished.
        case completed
        /// One of its actions, or a step of the handshake, has failed.
        case failed(SegmentFailure)
        /// It was ended before its end, because of this.
        case aborted(String)
        /// Nobody sends to it, so it was not run.
        case notReferenced
    }

    /// The name of the segment.
    public let segment: String
    /// How it has ended.
    public let outcome: Outcome
    /// How many items it has taken.
    public let items: Int

    init(segment: String, outcome: Outcome, items: Int = 0) {
        (self.segment, self.outcome, self.items) = (segment, outcome, items)
    }

    /// The result in a few words.
    public var description: String {
        switch self.outcome {
        case .completed: "completed, \(self.items) \(self.items == 1 ? "item" : "items")"
        case .failed(let failure): "failed: \(failure)"
        case .aborted(let reason): "aborted: \(reason)"
        case .notReferenced: "no references"
        }
    }
}

/// Why a segment has failed.
public struct SegmentFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of the segment.
    public let segment: String
    /// The name of the action; `nil` when it was no action's fault.
    public let action: String?
    /// What it has thrown, in words.
    public let reason: String

    /// The failure in one line.
    public var description: String {
        let action = self.action.map { ", action '\($0)'" } ?? ""
        return "segment '\(self.segment)'\(action): \(self.reason)"
    }
}

/// How a pipeline has ended.
public struct PipelineResult: Sendable, Hashable, CustomStringConvertible {
    /// How.
    public enum Outcome: Sendable, Hashable {
        /// Every segment that somebody sends to has completed.
        case completed
        /// A segment, or the matching of offers and claims, has failed; the first reason.
        case failed(String)
        /// It was ended before its end, because of this.
        case aborted(String)
    }

    /// How it has ended.
    public let outcome: Outcome
    /// How each segment has ended, in the order in which they were given.
    public let segments: [SegmentResult]

    /// The result, a line for the pipeline and one for each segment.
    public var description: String {
        let outcome =
            switch self.outcome {
            case .completed: "completed"
            case .failed(let reason): "failed: \(reason)"
            case .aborted(let reason): "aborted: \(reason)"
            }
        return ([outcome] + self.segments.map { "    \($0.segment): \($0)" }).joined(separator: "\n")
    }
}

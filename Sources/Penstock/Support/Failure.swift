/// Why an item failed, as it is kept in the store and thrown to whoever waited for its result.
///
/// A failure is data: it survives the process that failed, so it carries the error's description, not the error.
public struct Failure: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    /// What kind of end it was.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// The body threw an error and its retry policy allows no further attempt.
        case failed
        /// A start-to-close or schedule-to-close timeout passed.
        case timedOut
        /// Somebody cancelled it.
        case cancelled
        /// Somebody rejected an external task.
        case rejected
        /// The process died under it more often than its policy allows.
        case crashed
        /// The stored bytes do not decode as the type that the pipeline asks for.
        case undecodable
        /// A replay disagreed with the journal.
        case diverged
    }

    /// What kind of end it was.
    public let kind: Kind

    /// The name of the pipeline that failed.
    public let pipeline: String

    /// The type of the error that was thrown, for people; nothing is ever looked up by it.
    public let errorType: String

    /// What happened, in words; at most 64 KiB are kept.
    public let message: String

    /// How many attempts were made.
    public let attempts: Int

    /// How a replay disagreed with its journal, if that is what happened.
    public let divergence: Divergence?

    /// Makes a failure, truncating the message to 64 KiB.
    public init(
        _ kind: Kind,
        pipeline: String,
        errorType: String = "",
        message: String,
        attempts: Int = 0,
        divergence: Divergence? = nil
    ) {
        self.kind = kind
        self.pipeline = pipeline
        self.errorType = errorType
        self.message = message.utf8.count <= Limits.message ? message : String(message.prefix(Limits.message / 4))
        self.attempts = attempts
        self.divergence = divergence
    }

    /// The failure in one line.
    public var description: String {
        let type = self.errorType.isEmpty ? "" : "\(self.errorType): "
        let attempts = self.attempts > 1 ? " (after \(self.attempts) attempts)" : ""
        return "\(self.pipeline) \(self.kind.rawValue): \(type)\(self.message)\(attempts)"
    }
}

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
        /// A part of the journal is no longer what was recorded.
        case damaged
    }

    private struct Content: Hashable, Sendable, Codable {
        let kind: Kind
        let pipeline: String
        let errorType: String
        let message: String
        let attempts: Int
        let divergence: Divergence?
    }

    private final class Box: Sendable {
        let content: Content

        init(_ content: Content) {
            self.content = content
        }
    }

    /// Kept elsewhere, so that the many values that only might be a failure stay small.
    private let box: Box

    private var content: Content { self.box.content }

    /// What kind of end it was.
    public var kind: Kind { self.content.kind }

    /// The name of the pipeline that failed.
    public var pipeline: String { self.content.pipeline }

    /// The type of the error that was thrown, for people; nothing is ever looked up by it.
    public var errorType: String { self.content.errorType }

    /// What happened, in words; at most 64 KiB are kept.
    public var message: String { self.content.message }

    /// How many attempts were made.
    public var attempts: Int { self.content.attempts }

    /// How a replay disagreed with its journal, if that is what happened.
    public var divergence: Divergence? { self.content.divergence }

    /// Makes a failure, truncating the message to 64 KiB.
    public init(
        _ kind: Kind,
        pipeline: String,
        errorType: String = "",
        message: String,
        attempts: Int = 0,
        divergence: Divergence? = nil
    ) {
        let short = message.utf8.count <= Limits.message ? message : String(message.prefix(Limits.message / 4))
        let content = Content(
            kind: kind,
            pipeline: pipeline,
            errorType: errorType,
            message: short,
            attempts: attempts,
            divergence: divergence
        )
        self.box = Box(content)
    }

    /// Tells whether everything that is known of two failures is the same.
    public static func == (left: Failure, right: Failure) -> Bool { left.content == right.content }

    /// Feeds everything that is known into a hash.
    public func hash(into hasher: inout Hasher) { self.content.hash(into: &hasher) }

    /// Encodes the failure as an object of its properties.
    public func encode(to encoder: any Encoder) throws { try self.content.encode(to: encoder) }

    /// Decodes an object of the failure's properties.
    public init(from decoder: any Decoder) throws { self.box = Box(try Content(from: decoder)) }

    /// The failure in one line.
    public var description: String {
        let type = self.errorType.isEmpty ? "" : "\(self.errorType): "
        let attempts = self.attempts > 1 ? " (after \(self.attempts) attempts)" : ""
        return "\(self.pipeline) \(self.kind.rawValue): \(type)\(self.message)\(attempts)"
    }
}

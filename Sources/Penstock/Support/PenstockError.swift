/// What went wrong in a call to Penstock, and what to do about it.
public struct PenstockError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong; compare it with the statics.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case invalidName, invalidKey, tooLarge, unencodable, undecodable
            case duplicateKey, queueFull, leaseLost, notFound, conflict
            case storeUnavailable, storeUnusable, storeOwned, storeClosed, wrongStore, damaged
            case duplicatePipeline, unknownPipeline, unsupported
        }

        private let value: Value

        /// The code as it is written in logs and JSON.
        public var description: String { self.value.rawValue }

        /// A queue or pipeline name that is empty, too long, or has a character that is not allowed.
        public static let invalidName = Code(value: .invalidName)
        /// A key that is empty, too long, has a NUL, or begins with `~`, which Penstock keeps for itself.
        public static let invalidKey = Code(value: .invalidKey)
        /// A payload over the limit.
        public static let tooLarge = Code(value: .tooLarge)
        /// A value that its own `Codable` implementation refused to encode.
        public static let unencodable = Code(value: .unencodable)
        /// Stored bytes that do not decode as the type that was asked for.
        public static let undecodable = Code(value: .undecodable)
        /// The key is in the queue already and the policy is to refuse.
        public static let duplicateKey = Code(value: .duplicateKey)
        /// The queue holds as many items as it may.
        public static let queueFull = Code(value: .queueFull)
        /// The lease ended, or somebody else holds the item now; nothing was changed.
        public static let leaseLost = Code(value: .leaseLost)
        /// No such item.
        public static let notFound = Code(value: .notFound)
        /// The item is not in a state that allows this; nothing was changed.
        public static let conflict = Code(value: .conflict)
        /// The store cannot write or read just now (disk full, I/O error); nothing was acknowledged.
        public static let storeUnavailable = Code(value: .storeUnavailable)
        /// The file is not a database of ours, is read-only, newer than this program, or on a network filesystem.
        public static let storeUnusable = Code(value: .storeUnusable)
        /// Something that was stored is no longer what was stored; it is not served.
        public static let damaged = Code(value: .damaged)
        /// Another process owns the file.
        public static let storeOwned = Code(value: .storeOwned)
        /// The store was closed.
        public static let storeClosed = Code(value: .storeClosed)
        /// Queues of different stores in one transaction.
        public static let wrongStore = Code(value: .wrongStore)
        /// Two pipelines with one name.
        public static let duplicatePipeline = Code(value: .duplicatePipeline)
        /// No pipeline with this name is registered.
        public static let unknownPipeline = Code(value: .unknownPipeline)
        /// The store or pipeline cannot do this.
        public static let unsupported = Code(value: .unsupported)
    }

    /// What kind of thing went wrong.
    public let code: Code

    /// What happened, to which queue and key, and what to do.
    public let message: String

    /// The error underneath, if there was one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The error in one line.
    public var description: String {
        guard let cause = self.cause else { return "\(self.message) [\(self.code)]" }
        return "\(self.message) [\(self.code)]: \(cause)"
    }
}

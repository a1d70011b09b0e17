/// One call, as the body of a workflow makes it.
package struct Call: Sendable {
    /// The name of the pipeline; for a recorded value, what is recorded, beginning with `~`.
    let callee: String
    let argument: Payload
    /// Where in the source the call stands.
    let source: String

    package init(callee: String, argument: Payload, source: String) {
        self.callee = callee
        self.argument = argument
        self.source = source
    }

    /// The digest of the call and, through the digest of the one before it, of all calls of the run so far.
    ///
    /// A replay is compared with it step by step, and a journal whose rows were damaged, exchanged or mixed up with
    /// those of another copy does not add up.
    func digest(after previous: UInt64) -> UInt64 {
        NewStep.digest(of: self.callee, self.argument, after: previous)
    }
}

/// How a replay disagrees with its journal: both sides of the first step that differs.
public struct Divergence: Hashable, Sendable, Codable, CustomStringConvertible {
    /// A call, on one side or the other.
    public struct Side: Hashable, Sendable, Codable, CustomStringConvertible {
        /// The name of the pipeline that is called; for a recorded value, what is recorded, beginning with `~`.
        public let callee: String
        /// The argument as text.
        public let argument: String

        /// The call as one would write it.
        public var description: String { "\(self.callee)(\(self.argument))" }
    }

    /// The first step that differs, from 1.
    public let step: Int
    /// What the journal says; `nil` when it has no such step.
    public let recorded: Side?
    /// What the code does now; `nil` when it waits or ends without this step.
    public let now: Side?
    /// Where in the source the code does it.
    public let source: String?

    /// Both sides in one line.
    public var description: String {
        let recorded = self.recorded?.description ?? "nothing"
        let now = self.now.map { "\($0) at \(self.source ?? "?")" } ?? "nothing: it waits or ends before this step"
        return "step \(self.step) was \(recorded) when it was recorded, and is now \(now)"
    }
}

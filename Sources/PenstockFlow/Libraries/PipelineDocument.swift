public import Penstock

/// Segments as data: which there are, of which actions each is made, and what has those actions.
///
/// ```json
/// {
///   "libraries": ["libNumbers.so"],
///   "segments": [
///     {"name": "start", "actions": [{"use": "numbers.upTo"}, {"use": "send", "arguments": {"to": ["sum"]}}]},
///     {"name": "sum", "actions": [{"use": "numbers.sum"}, {"use": "numbers.print"}]}
///   ]
/// }
/// ```
///
/// What is wrong with the segments themselves is found in the handshake, phase by phase.
public struct PipelineDocument: Sendable, Hashable, Codable {
    /// A segment.
    public struct Segment: Sendable, Hashable, Codable {
        /// Its name, which is there once.
        public var name: String
        /// Its actions, each of which takes what the one before it puts.
        public var actions: [ActionUse]
        /// How many items each link into it holds; 1,024 if nothing is said.
        public var capacity: Int?
    }

    /// The segments.
    public var segments: [Segment]
    /// The one that gets the activation item; `start` if nothing is said.
    public var start: String?
    /// Swift dynamic libraries with actions: paths, or names that the system's loader looks for.
    public var libraries: [String]?
    /// What the other segments do when one has failed; they are interrupted if nothing is said.
    public var onFailure: FailurePolicy?

    /// Reads a document.
    /// - Throws: ``FlowErrors`` when it is none of this form; they say at which path, and why.
    public init(json: Payload) throws(FlowErrors) {
        self = try json.document()
        let problems = self.segments.enumerated().compactMap { place, segment in
            segment.capacity.flatMap { capacity in
                capacity < 1 ? "segments[\(place)].capacity: \(capacity) stands where at least 1 should" : nil
            }
        }
        guard problems.isEmpty else { throw FlowErrors(problems.map { FlowError(.badDocument, $0) }) }
    }
}

extension PipelineManager {
    /// Makes a pipeline from data, which can be run once.
    ///
    /// - Parameters:
    ///   - document: The segments.
    ///   - libraries: Dynamic libraries beside those that the document names.
    ///   - actions: The program's own actions.
    ///   - grace: How long a segment may take to end once it was told to.
    ///   - trace: Where it is written down what managers and runners say to one another.
    public convenience init(
        _ document: PipelineDocument,
        libraries: [String] = [],
        actions: [ActionLibrary] = [],
        grace: Duration = .seconds(10),
        trace: ControlTrace = ControlTrace()
    ) {
        self.init(
            document.segments.map { Segment($0.name, capacity: $0.capacity ?? 1024, uses: $0.actions) },
            start: document.start ?? "start",
            libraries: (document.libraries ?? []) + libraries,
            actions: actions,
            onFailure: document.onFailure ?? .interrupt,
            grace: grace,
            trace: trace
        )
    }
}

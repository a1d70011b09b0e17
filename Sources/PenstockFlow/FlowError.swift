/// What is wrong with a pipeline in memory, and what to do about it.
public struct FlowError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing is wrong; compare it with the statics.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case duplicateSegment, unknownSegment, typeMismatch, cycle, notStarted
            case notShared, duplicateNode, unusedOutput, unpaired
            case badDocument, unknownNode, unknownProcessor, badArgument, badItem, notOne
            case notStorable, cannotRun
            case badLibrary, unknownAction
        }

        private let value: Value

        /// The code as it is written in logs and JSON.
        public var description: String { self.value.rawValue }

        /// Two segments have one name.
        public static let duplicateSegment = Code(value: .duplicateSegment)
        /// An action sends to a segment that is not there.
        public static let unknownSegment = Code(value: .unknownSegment)
        /// An action sends what the other segment does not take.
        public static let typeMismatch = Code(value: .typeMismatch)
        /// Segments send to one another in a circle, and would come to wait for one another.
        public static let cycle = Code(value: .cycle)
        /// A node asks for something that the run does not share.
        public static let notShared = Code(value: .notShared)
        /// Two nodes of a graph have one name.
        public static let duplicateNode = Code(value: .duplicateNode)
        /// What a node puts goes nowhere.
        public static let unusedOutput = Code(value: .unusedOutput)
        /// A join has items that belong to none of the other stream.
        public static let unpaired = Code(value: .unpaired)
        /// A graph in JSON that cannot be read.
        public static let badDocument = Code(value: .badDocument)
        /// An edge leads from or to a node that is not there.
        public static let unknownNode = Code(value: .unknownNode)
        /// A node is to be something that no group has.
        public static let unknownProcessor = Code(value: .unknownProcessor)
        /// An argument is missing, is of another type, or is not known.
        public static let badArgument = Code(value: .badArgument)
        /// An item is not of the type that goes into a graph.
        public static let badItem = Code(value: .badItem)
        /// Not exactly one item came out of a graph for one that went in.
        public static let notOne = Code(value: .notOne)
        /// An item is of a type that cannot be stored.
        public static let notStorable = Code(value: .notStorable)
        /// A run cannot begin: somebody else has it, or it was another graph.
        public static let cannotRun = Code(value: .cannotRun)
        /// A library of actions cannot be loaded, or does not fit this program.
        public static let badLibrary = Code(value: .badLibrary)
        /// A segment asks for an action that no library has.
        public static let unknownAction = Code(value: .unknownAction)
        /// An item was sent before all segments had started.
        public static let notStarted = Code(value: .notStarted)
    }

    /// What kind of thing is wrong.
    public let code: Code

    /// What is wrong, with which segment, and what to do.
    public let message: String

    init(_ code: Code, _ message: String) {
        (self.code, self.message) = (code, message)
    }

    /// The message.
    public var description: String { self.message }
}

public import Penstock

/// A graph as data: which nodes there are, what they are, and where what they put goes.
///
/// ```json
/// {
///   "name": "shout",
///   "nodes": [
///     {"name": "loud", "use": "text.upper", "workers": 4},
///     {"name": "few", "use": "text.limit", "arguments": {"most": 10}},
///     {"name": "both", "join": "key"}
///   ],
///   "edges": [
///     {"from": "input", "to": "loud"},
///     {"from": "input", "to": "few"},
///     {"from": "loud", "to": "both", "inlet": "first"},
///     {"from": "few", "to": "both", "inlet": "second"},
///     {"from": "both", "to": "output"}
///   ]
/// }
/// ```
///
/// The order of nodes and edges means nothing. `input` is what goes into the graph, `output` what comes out of it.
public struct GraphDocument: Sendable, Hashable, Codable {
    /// A node.
    public struct Node: Sendable, Hashable, Codable {
        /// Its name, which is there once.
        public var name: String
        /// What it is: the name of a group, a point, and the name of one of its nodes; none for a join.
        public var use: String?
        /// What belongs together, when it is a join: `key` or `order`.
        public var join: String?
        /// What it is told; an object.
        public var arguments: JSONValue?
        /// How many items each link into it holds.
        public var maximumSize: Int?
        /// How many items it works on at the same time.
        public var workers: Int?
        /// Whether what it puts is in the order in which the items came.
        public var ordered: Bool?
        /// What is done about an item for which it throws: `fail`, `drop` or `route`.
        public var onError: String?
        /// What a join does about items of which the other never comes: `fail` or `drop`.
        public var unpaired: String?
    }

    /// A way from one node to another.
    public struct Edge: Sendable, Hashable, Codable {
        /// The node that puts, or `input`.
        public var from: String
        /// What of it: `failures` for the items for which it has thrown; what it puts, if nothing is said.
        public var outlet: String?
        /// The node that takes, or `output`.
        public var to: String
        /// Where: `first` or `second` of a join.
        public var inlet: String?
    }

    /// The name of the graph.
    public var name: String
    /// The nodes.
    public var nodes: [Node]
    /// The edges.
    public var edges: [Edge]

    /// Reads a document.
    /// - Throws: ``FlowErrors`` when it is no document of this form; which says at which path, and why.
    public init(json: Payload) throws(FlowErrors) {
        self = try json.document()
    }
}

extension Payload {
    /// Reads a document of one form or another.
    /// - Throws: ``FlowErrors`` when it is none, which says at which path, and why.
    func document<Document: Decodable>() throws(FlowErrors) -> Document {
        do {
            return try self.decode(as: Document.self)
        } catch {
            let words = (error.cause as? DecodingError)?.words(below: "document")
            throw FlowErrors([FlowError(.badDocument, words ?? "this is no document: \(error.message)")])
        }
    }
}

extension DecodingError {
    /// What is wrong with a value, with the path to it from `root`.
    func words(below root: String) -> String {
        switch self {
        case .keyNotFound(let key, let context):
            "\(Self.path(context.codingPath, root)): '\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(Self.path(context.codingPath, root)): \(context.debugDescription)"
        @unknown default: "\(root): \(self)"
        }
    }

    private static func path(_ keys: [any CodingKey], _ root: String) -> String {
        keys.reduce(root) { path, key in key.intValue.map { "\(path)[\($0)]" } ?? "\(path).\(key.stringValue)" }
    }
}

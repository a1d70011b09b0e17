/// What the arguments of a node have to be.
///
/// It is drawn from the type that takes them, by having it decode itself from nothing and watching what it asks for.
public indirect enum ArgumentSchema: Sendable, Hashable {
    /// A string.
    case string
    /// A string that is one of these.
    case oneOf([String])
    /// A number without a fraction.
    case integer
    /// Any number.
    case number
    /// `true` or `false`.
    case boolean
    /// A list of such.
    case array(ArgumentSchema)
    /// Values by name.
    case object([Field])
    /// Anything; what takes it says what is wrong with it.
    case any

    /// A named value.
    public struct Field: Sendable, Hashable {
        /// The name.
        public let name: String
        /// What it has to be.
        public let schema: ArgumentSchema
        /// Whether it has to be there.
        public let isRequired: Bool
    }

    /// No arguments.
    static let nothing = ArgumentSchema.object([])

    /// Draws the schema from a type.
    public init<Arguments: Decodable>(of type: Arguments.Type) {
        self = SchemaDecoder.schema(of: type)
    }

    /// Says what is wrong with a value, all of it, each with its path.
    func problems(of value: JSONValue, at path: String) -> [FlowError] {
        switch (self, value) {
        case (.any, _), (.string, .string), (.integer, .integer), (.number, .integer), (.number, .number),
            (.boolean, .boolean):
            return []
        case (.oneOf(let names), .string(let name)):
            return names.contains(name) ? [] : [Self.mismatch(path, self, "'\(name)'")]
        case (.array(let element), .array(let values)):
            return values.enumerated().flatMap { element.problems(of: $1, at: "\(path)[\($0)]") }
        case (.object(let fields), .object(let values)): return Self.problems(fields, values, path)
        default: return [Self.mismatch(path, self, value.kind)]
        }
    }

    private static func problems(_ fields: [Field], _ values: [String: JSONValue], _ path: String) -> [FlowError] {
        var problems: [FlowError] = []
        for field in fields {
            switch values[field.name] {
            case nil where field.isRequired:
                problems.append(FlowError(.badArgument, "\(path): '\(field.name)' is missing, \(field.schema.words)"))
            case nil: continue
            case .null where !field.isRequired: continue
            case let value?: problems += field.schema.problems(of: value, at: "\(path).\(field.name)")
            }
        }
        let names = fields.map(\.name)
        for name in values.keys.sorted() where !names.contains(name) {
            let known = names.isEmpty ? "there are none" : "there are: \(names.joined(separator: ", "))"
            problems.append(FlowError(.badArgument, "\(path): there is no argument '\(name)'; \(known)"))
        }
        return problems
    }

    private static func mismatch(_ path: String, _ schema: ArgumentSchema, _ found: String) -> FlowError {
        FlowError(.badArgument, "\(path): \(found) stands where \(schema.words) should")
    }

    /// What it asks for, in words.
    public var words: String {
        switch self {
        case .string: "a string"
        case .oneOf(let names): "one of \(names.joined(separator: ", "))"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "a truth value"
        case .array(let element): "a list, each \(element.words)"
        case .object: "an object"
        case .any: "anything"
        }
    }
}

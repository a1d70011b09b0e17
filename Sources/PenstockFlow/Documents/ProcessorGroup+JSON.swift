extension ProcessorGroup {
    /// The group as data: its name, and of each node its name, kind and types, and what its arguments have to be.
    public var json: JSONValue {
        .object(["name": .string(self.name), "nodes": .array(self.nodes.map { $0.json(in: self.name) })])
    }
}

extension GroupedNode {
    /// What it is: `source`, `processor`, `gather` or `sink`.
    public var kind: String {
        if self.input == nil { return NodeKind.source.rawValue }
        if self.output == nil { return NodeKind.sink.rawValue }
        return (self.isProcessor ? NodeKind.processor : .gather).rawValue
    }

    fileprivate func json(in group: String) -> JSONValue {
        .object(
            [
                "name": .string(self.name),
                "use": .string("\(group).\(self.name)"),
                "kind": .string(self.kind),
                "input": self.input.map { .string("\($0)") } ?? .null,
                "output": self.output.map { .string("\($0)") } ?? .null,
                "arguments": self.arguments.jsonSchema,
            ]
        )
    }
}

extension ArgumentSchema {
    /// The same in the language of JSON Schema.
    public var jsonSchema: JSONValue {
        switch self {
        case .string: Self.schema("string")
        case .oneOf(let names): .object(["type": .string("string"), "enum": .array(names.map { .string($0) })])
        case .integer: Self.schema("integer")
        case .number: Self.schema("number")
        case .boolean: Self.schema("boolean")
        case .array(let element): .object(["type": .string("array"), "items": element.jsonSchema])
        case .object(let fields): Self.schema(fields)
        case .any: .object([:])
        }
    }

    private static func schema(_ type: String) -> JSONValue { .object(["type": .string(type)]) }

    private static func schema(_ fields: [Field]) -> JSONValue {
        let properties = fields.map { ($0.name, $0.schema.jsonSchema) }
        var schema: [String: JSONValue] = [
            "type": .string("object"),
            "properties": .object(Dictionary(properties) { first, _ in first }),
            "additionalProperties": .boolean(false),
        ]
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        return .object(schema)
    }
}

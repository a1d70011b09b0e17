/// Watches a type decode itself, and gives it something for whatever it asks.
final class SchemaDecoder: Decoder {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    /// What was asked for so far.
    private(set) var schema = ArgumentSchema.any
    /// A type that is made without asking for anything has no use for arguments.
    private var hasBeenAsked = false

    static func schema<Value: Decodable>(of type: Value.Type) -> ArgumentSchema { Self.drawn(type).schema }

    /// Draws a schema, and makes a value that fits it, if that is possible.
    static func drawn<Value: Decodable>(_ type: Value.Type) -> (schema: ArgumentSchema, value: Value?) {
        if let cases = Self.cases(of: type) { return (.oneOf(cases.names), cases.first) }
        let decoder = SchemaDecoder()
        // A type that refuses what it is given has asked for it before.
        let value = try? Value(from: decoder)
        return (decoder.hasBeenAsked || value == nil ? decoder.schema : .nothing, value)
    }

    private static func cases<Value>(of type: Value.Type) -> (names: [String], first: Value?)? {
        guard let type = type as? any CaseIterable.Type else { return nil }
        func all<Cases: CaseIterable>(_ type: Cases.Type) -> (names: [String], first: Value?)? {
            let names = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            return names.isEmpty ? nil : (names, type.allCases.first as? Value)
        }
        return all(type)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        (self.schema, self.hasBeenAsked) = (.object([]), true)
        return KeyedDecodingContainer(Keyed<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        (self.schema, self.hasBeenAsked) = (.array(.any), true)
        return Unkeyed(decoder: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        self.hasBeenAsked = true
        return Single(decoder: self)
    }

    fileprivate func note(_ name: String, _ schema: ArgumentSchema, isRequired: Bool) {
        guard case .object(let fields) = self.schema, !fields.contains(where: { $0.name == name }) else { return }
        self.schema = .object(fields + [ArgumentSchema.Field(name: name, schema: schema, isRequired: isRequired)])
    }

    fileprivate func note(_ schema: ArgumentSchema) { self.schema = schema }

    fileprivate func note(element: ArgumentSchema) { self.schema = .array(element) }
}

extension SchemaDecoder {
    private struct Refusal: Error {}

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: SchemaDecoder
        let codingPath: [any CodingKey] = []
        let allKeys: [Key] = []

        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) throws -> Bool { false }

        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            let (schema, value) = SchemaDecoder.drawn(type)
            self.decoder.note(key.stringValue, schema, isRequired: true)
            guard let value else { throw Refusal() }
            return value
        }

        func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
            self.decoder.note(key.stringValue, SchemaDecoder.schema(of: type), isRequired: false)
            return nil
        }

        // The library asks for the simple types by overloads of their own.
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { self.none(key, .boolean) }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { self.none(key, .string) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { self.none(key, .number) }
        func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { self.none(key, .number) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { self.none(key, .integer) }

        private func none<Value>(_ key: Key, _ schema: ArgumentSchema) -> Value? {
            self.decoder.note(key.stringValue, schema, isRequired: false)
            return nil
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type,
            forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { throw Refusal() }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Refusal() }
        func superDecoder() throws -> any Decoder { throw Refusal() }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw Refusal() }
    }

    private struct Unkeyed: UnkeyedDecodingContainer {
        let decoder: SchemaDecoder
        let codingPath: [any CodingKey] = []
        let count: Int? = 1
        var currentIndex = 0
        var isAtEnd: Bool { self.currentIndex > 0 }

        mutating func decodeNil() throws -> Bool { false }

        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            self.currentIndex += 1
            let (schema, value) = SchemaDecoder.drawn(type)
            self.decoder.note(element: schema)
            guard let value else { throw Refusal() }
            return value
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> { throw Refusal() }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Refusal() }
        mutating func superDecoder() throws -> any Decoder { throw Refusal() }
    }

    private struct Single: SingleValueDecodingContainer {
        let decoder: SchemaDecoder
        let codingPath: [any CodingKey] = []

        func decodeNil() -> Bool { false }
        func decode(_ type: Bool.Type) throws -> Bool { self.value(.boolean, false) }
        func decode(_ type: String.Type) throws -> String { self.value(.string, "") }
        func decode(_ type: Double.Type) throws -> Double { self.value(.number, 0) }
        func decode(_ type: Float.Type) throws -> Float { self.value(.number, 0) }
        func decode(_ type: Int.Type) throws -> Int { self.value(.integer, 0) }
        func decode(_ type: Int8.Type) throws -> Int8 { self.value(.integer, 0) }
        func decode(_ type: Int16.Type) throws -> Int16 { self.value(.integer, 0) }
        func decode(_ type: Int32.Type) throws -> Int32 { self.value(.integer, 0) }
        func decode(_ type: Int64.Type) throws -> Int64 { self.value(.integer, 0) }
        func decode(_ type: UInt.Type) throws -> UInt { self.value(.integer, 0) }
        func decode(_ type: UInt8.Type) throws -> UInt8 { self.value(.integer, 0) }
        func decode(_ type: UInt16.Type) throws -> UInt16 { self.value(.integer, 0) }
        func decode(_ type: UInt32.Type) throws -> UInt32 { self.value(.integer, 0) }
        func decode(_ type: UInt64.Type) throws -> UInt64 { self.value(.integer, 0) }

        private func value<Value>(_ schema: ArgumentSchema, _ value: Value) -> Value {
            self.decoder.note(schema)
            return value
        }

        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (schema, value) = SchemaDecoder.drawn(type)
            self.decoder.note(schema)
            guard let value else { throw Refusal() }
            return value
        }
    }
}

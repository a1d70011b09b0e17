#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value as a store keeps it: bytes, which are JSON in UTF-8 unless a store says otherwise.
public struct Payload: Hashable, Sendable {
    /// The bytes.
    public let bytes: [UInt8]

    /// Makes a payload from bytes that are encoded already.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Encodes `value` as JSON with sorted keys, so that equal values give equal bytes.
    ///
    /// Whole numbers, strings and truth values take a short way round Foundation's encoder, which costs several
    /// hundred nanoseconds for each of them.
    public init<Value: Encodable>(encoding value: Value) throws(PenstockError) {
        if let integer = value as? Int {
            self.bytes = Array(String(integer).utf8)
        } else if let boolean = value as? Bool {
            self.bytes = Array((boolean ? "true" : "false").utf8)
        } else if let text = value as? String, let bytes = Self.quotedPlainly(text) {
            self.bytes = bytes
        } else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            do {
                self.bytes = Array(try encoder.encode(value))
            } catch {
                throw PenstockError(.unencodable, "a value of type \(Value.self) does not encode as JSON", cause: error)
            }
        }
    }

    /// Decodes the bytes as a `Value`.
    public func decode<Value: Decodable>(as type: Value.Type = Value.self) throws(PenstockError) -> Value {
        if type == Int.self, let integer = self.plainInteger as? Value { return integer }
        do {
            return try JSONDecoder().decode(type, from: Data(self.bytes))
        } catch {
            throw PenstockError(
                .undecodable,
                "\(self.bytes.count) stored bytes do not decode as \(Value.self)",
                cause: error
            )
        }
    }

    /// A digest of the bytes.
    package var digest: UInt64 {
        var digest = Digest()
        digest.add(self.bytes)
        return digest.value
    }

    /// The bytes as text, for people.
    public var text: String { String(decoding: self.bytes, as: UTF8.self) }

    /// The JSON of a string of plain ASCII, or `nil` when a character needs escaping.
    private static func quotedPlainly(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return nil }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }

    /// The whole number that the bytes spell, or `nil` when they are anything else.
    private var plainInteger: Int? {
        let digits = self.bytes.first == UInt8(ascii: "-") ? self.bytes.dropFirst() : self.bytes[...]
        guard (1...18).contains(digits.count) else { return nil }
        var number = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return digits.count == self.bytes.count ? number : -number
    }
}

/// The value of something that has none: what an activity whose body returns nothing gives back.
public struct Nothing: Hashable, Sendable, Codable {
    /// Makes the one value there is.
    public init() {}
}

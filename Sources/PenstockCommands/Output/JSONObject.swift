import FoundationEssentials
import Penstock

/// A JSON object whose keys stand in the order in which they were added.
struct JSONObject {
    private var members: [String] = []

    var text: String { "{\(self.members.joined(separator: ","))}" }

    mutating func add(_ key: String, _ value: String?) { self.add(key, json: value.map(Self.quoted)) }

    mutating func add(_ key: String, _ value: Int?) { self.add(key, json: value.map { "\($0)" }) }

    mutating func add(_ key: String, _ value: Bool) { self.add(key, json: value ? "true" : "false") }

    mutating func add(_ key: String, _ values: [String]) {
        self.add(key, json: "[\(values.map(Self.quoted).joined(separator: ","))]")
    }

    /// Adds a number with `digits` decimal places.
    mutating func add(_ key: String, _ value: Double?, digits: Int) {
        self.add(key, json: value.flatMap { $0.isFinite ? Self.decimal($0, digits: digits) : nil })
    }

    mutating func add(_ key: String, _ object: JSONObject) { self.add(key, json: object.text) }

    mutating func add(_ key: String, _ time: Timestamp?) { self.add(key, time.map(\.iso8601)) }

    /// Adds a payload as the JSON it is; bytes that are none are added as text.
    mutating func add(_ key: String, payload: Payload?) {
        guard let payload else { return self.add(key, json: nil) }
        guard payload.isJSON else { return self.add(key, payload.text) }
        // An object is one line. In JSON a break stands between the parts only: inside a string it is spelt out.
        let line = payload.bytes.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
        self.add(key, json: String(decoding: line, as: UTF8.self))
    }

    private mutating func add(_ key: String, json: String?) {
        self.members.append("\(Self.quoted(key)):\(json ?? "null")")
    }

    /// A number with so many decimal places, and never in powers of ten.
    static func decimal(_ value: Double, digits: Int) -> String {
        let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let scaled = (value.magnitude * factor).rounded()
        guard scaled < 9e18 else { return "\(value)" }
        let number = UInt64(scaled)
        let sign = value < 0 && number > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(number)" }
        let unit = UInt64(factor)
        let fraction = "\(number % unit)"
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(sign)\(number / unit).\(zeros)\(fraction)"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension Payload {
    /// Whether the bytes are a JSON value in plain UTF-8.
    var isJSON: Bool {
        // The decoder would take other encodings too, and a mark of the byte order, neither of which fits into a line.
        guard let first = self.bytes.first, first < 0x80, !self.bytes.contains(0) else { return false }
        // It reads the whole document before it makes anything of it.
        return (try? JSONDecoder().decode(Anything.self, from: Data(self.bytes))) != nil
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}

extension Timestamp {
    /// The time as `2026-11-21T12:00:00.000Z`.
    var iso8601: String {
        Date(timeIntervalSince1970: Double(self.milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

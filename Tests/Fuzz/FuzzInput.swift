/// The bytes of one input, taken one part after the other; zeros when there are no more.
final class FuzzInput {
    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isEmpty: Bool { self.place >= self.bytes.count }

    func byte() -> UInt8 {
        guard !self.isEmpty else { return 0 }
        defer { self.place += 1 }
        return self.bytes[self.place]
    }

    func choice(_ count: Int) -> Int { Int(self.byte()) % count }

    /// A number: a small one, one at an edge, or any.
    func integer() -> Int64 {
        switch self.choice(4) {
        case 0: Int64(self.choice(8))
        case 1: [0, -1, .max, .min, Int64(Int32.max), 1 << 40, .max - 1, .min + 1][self.choice(8)]
        case 2: Int64(Int8(bitPattern: self.byte()))
        default: (0..<8).reduce(0) { value, _ in value << 8 | Int64(self.byte()) }
        }
    }

    /// A few bytes.
    func blob() -> [UInt8] { (0..<self.choice(24)).map { _ in self.byte() } }

    func text() -> String { String(decoding: self.blob(), as: UTF8.self) }

    /// Everything that is left.
    func rest() -> [UInt8] {
        defer { self.place = self.bytes.count }
        return Array(self.bytes[min(self.place, self.bytes.count)...])
    }
}

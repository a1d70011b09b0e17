/// Values as libpq takes them; its memory is used again for each statement.
@safe
final class PostgresArguments {
    private var values: [UnsafePointer<CChar>?]
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// Where an empty value is when there are no bytes at all: for libpq, a null pointer is NULL.
    private static let nothing: [UInt8] = [0]

    typealias Words = UnsafePointer<UnsafePointer<CChar>?>?
    typealias Numbers = UnsafePointer<Int32>?

    /// Takes no memory yet.
    init() {
        unsafe self.values = []
    }

    /// Lends values: their count, types, places, lengths and formats.
    func with(
        _ values: PostgresValues,
        _ body: (Int32, UnsafePointer<UInt32>?, Words, Numbers, Numbers) -> Bool
    ) -> Bool {
        unsafe self.values.removeAll(keepingCapacity: true)
        self.lengths.removeAll(keepingCapacity: true)
        // Every value is in binary.
        while self.formats.count < values.count { self.formats.append(1) }
        let bytes = values.bytes.isEmpty ? Self.nothing : values.bytes
        return unsafe bytes.withUnsafeBytes { bytes in
            let first = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var start = 0
            for end in values.ends {
                unsafe self.values.append(end < 0 ? nil : first.map { unsafe $0 + start })
                self.lengths.append(end < 0 ? 0 : Int32(end - start))
                start = max(start, end)
            }
            return unsafe body(Int32(values.count), values.types, self.values, self.lengths, self.formats)
        }
    }
}

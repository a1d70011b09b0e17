/// The values of a statement, in the order of its places `$1`, `$2`, ….
///
/// They are kept as they will be sent, one behind the other in one piece of memory. The type of each is told to the
/// server, so a statement is always used with the same ones.
struct PostgresValues {
    private(set) var bytes: [UInt8] = []
    private(set) var types: [UInt32] = []
    /// Where each value ends in ``bytes``; negative for NULL, of which there are none.
    private(set) var ends: [Int] = []

    /// Makes room for no values yet.
    init() {}

    /// How many there are.
    var count: Int { self.types.count }

    /// Forgets the values and keeps the memory.
    mutating func removeAll() {
        self.bytes.removeAll(keepingCapacity: true)
        self.types.removeAll(keepingCapacity: true)
        self.ends.removeAll(keepingCapacity: true)
    }

    // MARK: One value

    /// Appends a number, some text or some bytes.
    mutating func append<Value: PostgresValue>(_ value: Value) {
        value.write(to: &self.bytes)
        self.close(Value.type)
    }

    /// Appends a number of 64 bits.
    mutating func append(_ value: Int) {
        self.append(Int64(value))
    }

    /// Appends a value, or NULL.
    mutating func append<Value: PostgresValue>(_ value: Value?) {
        guard let value else {
            self.types.append(Value.type)
            self.ends.append(-1)
            return
        }
        self.append(value)
    }

    // MARK: Arrays

    /// Appends an array, which is never NULL itself.
    mutating func append<Value: PostgresValue>(_ values: [Value]) {
        let size = values.reduce(0) { $0 + 4 + $1.size }
        self.open(Value.self, count: values.count, size: size, hasNull: false)
        for value in values { self.appendElement(value) }
        self.close(Value.arrayType)
    }

    /// Appends an array, of which some elements are NULL.
    mutating func append<Value: PostgresValue>(_ values: [Value?]) {
        let size = values.reduce(0) { $0 + 4 + ($1?.size ?? 0) }
        self.open(Value.self, count: values.count, size: size, hasNull: values.contains { $0 == nil })
        for value in values {
            if let value { self.appendElement(value) } else { Int32(-1).write(to: &self.bytes) }
        }
        self.close(Value.arrayType)
    }

    /// Begins an array: its dimensions, whether there are NULLs, the type of its elements; then its one dimension.
    private mutating func open<Value: PostgresValue>(_ type: Value.Type, count: Int, size: Int, hasNull: Bool) {
        self.reserve(20 + size)
        Int32(count == 0 ? 0 : 1).write(to: &self.bytes)
        Int32(hasNull ? 1 : 0).write(to: &self.bytes)
        Int32(bitPattern: type.type).write(to: &self.bytes)
        guard count > 0 else { return }
        Int32(clamping: count).write(to: &self.bytes)
        // The index of the first element.
        Int32(1).write(to: &self.bytes)
    }

    private mutating func appendElement<Value: PostgresValue>(_ value: Value) {
        Int32(clamping: value.size).write(to: &self.bytes)
        value.write(to: &self.bytes)
    }

    private mutating func close(_ type: UInt32) {
        self.types.append(type)
        self.ends.append(self.bytes.count)
    }

    /// Takes memory for more bytes, at least twice what there was, so that many small arrays do not take it each time.
    private mutating func reserve(_ more: Int) {
        let wanted = self.bytes.count + more
        if self.bytes.capacity < wanted { self.bytes.reserveCapacity(max(wanted, 2 * self.bytes.capacity)) }
    }
}

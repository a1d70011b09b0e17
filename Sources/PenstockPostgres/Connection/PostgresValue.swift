/// A type of values that PostgreSQL knows, with what they look like in its binary format.
protocol PostgresValue {
    /// The number of the type in PostgreSQL's catalogue.
    static var type: UInt32 { get }
    /// The number of the type of arrays of it.
    static var arrayType: UInt32 { get }

    /// Whether values of a column of that type can be read as this one.
    static func canRead(_ type: UInt32) -> Bool

    /// How many bytes ``write(to:)`` writes.
    var size: Int { get }
    func write(to bytes: inout [UInt8])

    /// Reads a value, or returns `nil` when there are too many bytes or too few.
    init?(binary bytes: UnsafeRawBufferPointer)
}

extension PostgresValue {
    static func canRead(_ type: UInt32) -> Bool { type == Self.type }
}

/// A whole number, in the order of the network.
protocol PostgresInteger: PostgresValue, FixedWidthInteger {}

extension PostgresInteger {
    var size: Int { Self.bitWidth / 8 }

    @inline(__always)
    func write(to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: self.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.bitWidth / 8 else { return nil }
        self.init(bigEndian: unsafe bytes.loadUnaligned(as: Self.self))
    }
}

extension Int64: PostgresInteger {
    static var type: UInt32 { 20 }
    static var arrayType: UInt32 { 1016 }
}

extension Int32: PostgresInteger {
    static var type: UInt32 { 23 }
    static var arrayType: UInt32 { 1007 }
}

extension Int16: PostgresInteger {
    static var type: UInt32 { 21 }
    static var arrayType: UInt32 { 1005 }
}

extension Bool: PostgresValue {
    static var type: UInt32 { 16 }
    static var arrayType: UInt32 { 1000 }

    var size: Int { 1 }

    func write(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }

    init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 1 else { return nil }
        self = unsafe bytes[0] != 0
    }
}

extension Double: PostgresValue {
    static var type: UInt32 { 701 }
    static var arrayType: UInt32 { 1022 }

    var size: Int { 8 }

    func write(to bytes: inout [UInt8]) { Int64(bitPattern: self.bitPattern).write(to: &bytes) }

    init?(binary bytes: UnsafeRawBufferPointer) {
        guard let pattern = unsafe Int64(binary: bytes) else { return nil }
        self.init(bitPattern: UInt64(bitPattern: pattern))
    }
}

extension String: PostgresValue {
    static var type: UInt32 { 25 }
    static var arrayType: UInt32 { 1009 }

    /// Text, and what looks the same: unknown, json, name, char(n), varchar.
    static func canRead(_ type: UInt32) -> Bool { [25, 705, 114, 19, 1042, 1043].contains(type) }

    var size: Int { self.utf8.count }

    func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: self.utf8) }

    init?(binary bytes: UnsafeRawBufferPointer) {
        unsafe self.init(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8]: PostgresValue {
    static var type: UInt32 { 17 }
    static var arrayType: UInt32 { 1001 }

    var size: Int { self.count }

    func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: self) }

    init?(binary bytes: UnsafeRawBufferPointer) {
        unsafe self.init(bytes)
    }
}

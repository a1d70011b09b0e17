#if Postgres
import CPostgres
#endif

/// What the server answered to one statement.
///
/// Rows and columns count from 0. To read what is not there, or as another type than it is, is an error that names the
/// column. It is good as long as somebody holds it, also after its connection.
@safe
final class PostgresRows {
    private let result: OpaquePointer

    /// How many rows there are.
    let count: Int

    /// How many columns there are; none when the statement answers no rows.
    let columnCount: Int

    /// Takes a result over.
    init(_ result: OpaquePointer) {
        unsafe self.result = unsafe result
        self.count = Int(unsafe PQntuples(result))
        self.columnCount = Int(unsafe PQnfields(result))
    }

    deinit {
        unsafe PQclear(self.result)
    }

    /// How many rows were inserted, updated, deleted or selected.
    var affected: Int {
        guard let text = unsafe PQcmdTuples(self.result) else { return 0 }
        return Int(unsafe String(cString: text)) ?? 0
    }

    // MARK: Values

    /// A column of type `bigint`.
    func int64(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 { try self.value(row, column) }

    /// A column of type `integer`.
    func int32(_ row: Int, _ column: Int) throws(PostgresError) -> Int32 { try self.value(row, column) }

    /// A column of type `smallint`.
    func int16(_ row: Int, _ column: Int) throws(PostgresError) -> Int16 { try self.value(row, column) }

    /// A column of type `boolean`.
    func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool { try self.value(row, column) }

    /// A column of type `double precision`.
    func double(_ row: Int, _ column: Int) throws(PostgresError) -> Double { try self.value(row, column) }

    /// A column of type `text`, or of one that looks the same.
    func text(_ row: Int, _ column: Int) throws(PostgresError) -> String { try self.value(row, column) }

    /// A column of type `bytea`.
    func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] { try self.value(row, column) }

    /// Whether a column is NULL.
    func isNull(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
        let (row, column) = try self.place(row, column)
        return unsafe PQgetisnull(self.result, row, column) != 0
    }

    /// A column of any type, which is not NULL.
    func value<Value: PostgresValue>(_ row: Int, _ column: Int) throws(PostgresError) -> Value {
        guard let value = try self.optional(Value.self, row, column) else {
            throw PostgresError(.invalid, "\(self.name(row, column)) is NULL, which it may not be")
        }
        return value
    }

    /// A column of any type, or `nil` for NULL.
    func optional<Value: PostgresValue>(
        _ type: Value.Type,
        _ row: Int,
        _ column: Int
    ) throws(PostgresError) -> Value? {
        let place = try self.place(row, column)
        try self.check(Value.canRead, "\(Value.self)", place)
        guard unsafe PQgetisnull(self.result, place.row, place.column) == 0 else { return nil }
        guard let value = unsafe Value(binary: self.bytes(at: place)) else { throw self.misfit("\(Value.self)", place) }
        return value
    }

    // MARK: Arrays

    /// A column of type `bigint[]`, which is not NULL, and neither is one of its elements.
    func int64s(_ row: Int, _ column: Int) throws(PostgresError) -> [Int64] { try self.array(row, column) }

    /// A column of an array type, which is not NULL, and neither is one of its elements.
    func array<Value: PostgresValue>(_ row: Int, _ column: Int) throws(PostgresError) -> [Value] {
        let elements: [Value?] = try self.optionals(row, column)
        let values = elements.compactMap(\.self)
        guard values.count == elements.count else {
            throw PostgresError(.invalid, "\(self.name(row, column)) has an element that is NULL")
        }
        return values
    }

    /// A column of an array type, which is not NULL itself; arrays of arrays are not read.
    func optionals<Value: PostgresValue>(_ row: Int, _ column: Int) throws(PostgresError) -> [Value?] {
        let place = try self.place(row, column)
        try self.check({ $0 == Value.arrayType }, "[\(Value.self)]", place)
        guard unsafe PQgetisnull(self.result, place.row, place.column) == 0 else {
            throw PostgresError(.invalid, "\(self.name(row, column)) is NULL, which it may not be")
        }
        guard let elements: [Value?] = unsafe Self.elements(self.bytes(at: place)) else {
            throw self.misfit("[\(Value.self)]", place)
        }
        return elements
    }

    private static func elements<Value: PostgresValue>(_ bytes: UnsafeRawBufferPointer) -> [Value?]? {
        var rest = unsafe bytes[...]
        // Taken off the front: a number, or so many bytes.
        func next(_ count: Int) -> UnsafeRawBufferPointer? {
            guard count >= 0, unsafe count <= rest.count else { return nil }
            defer { unsafe rest = unsafe rest.dropFirst(count) }
            return unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        }
        func number() -> Int32? { unsafe next(4).flatMap { unsafe Int32(binary: $0) } }

        guard let dimensions = number(), number() != nil, number() == Int32(bitPattern: Value.type) else { return nil }
        if dimensions == 0 { return unsafe rest.isEmpty ? [] : nil }
        // Each element takes four bytes at least, so the count cannot be larger than what there is.
        guard dimensions == 1, let count = number(), count >= 0, unsafe Int(count) <= rest.count / 4 + 1,
            number() != nil
        else { return nil }
        var elements: [Value?] = []
        elements.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let size = number() else { return nil }
            if size == -1 {
                elements.append(nil)
            } else {
                guard let part = unsafe next(Int(size)), let value = unsafe Value(binary: part) else { return nil }
                elements.append(value)
            }
        }
        return unsafe rest.isEmpty ? elements : nil
    }

    // MARK: Places

    private typealias Place = (row: Int32, column: Int32)

    private func place(_ row: Int, _ column: Int) throws(PostgresError) -> Place {
        guard row >= 0, row < self.count, column >= 0, column < self.columnCount else {
            throw PostgresError(
                .invalid,
                "there is no row \(row) with a column \(column): there are \(self.count) of \(self.columnCount) columns"
            )
        }
        return (Int32(row), Int32(column))
    }

    private func bytes(at place: Place) -> UnsafeRawBufferPointer {
        let count = Int(unsafe PQgetlength(self.result, place.row, place.column))
        return unsafe UnsafeRawBufferPointer(start: PQgetvalue(self.result, place.row, place.column), count: count)
    }

    private func check(
        _ canRead: (UInt32) -> Bool,
        _ wanted: @autoclosure () -> String,
        _ place: Place
    ) throws(PostgresError) {
        guard unsafe PQfformat(self.result, place.column) == 1, canRead(unsafe PQftype(self.result, place.column))
        else { throw self.misfit(wanted(), place) }
    }

    private func misfit(_ wanted: String, _ place: Place) -> PostgresError {
        let type = unsafe PQftype(self.result, place.column)
        let size = unsafe PQgetlength(self.result, place.row, place.column)
        let name = self.name(Int(place.row), Int(place.column))
        return PostgresError(.invalid, "\(name) is no \(wanted): its type is \(type), and it has \(size) bytes")
    }

    private func name(_ row: Int, _ column: Int) -> String {
        let name = unsafe PQfname(self.result, Int32(column)).map { unsafe " '\(String(cString: $0))'" } ?? ""
        return "column \(column)\(name) of row \(row)"
    }
}

import Testing

@testable import PenstockPostgres

@Suite("Values go to the server and come back", .server, .ownThreads, .timeLimit(.minutes(60)))
struct ValueTests {
    private func echo<Value: PostgresValue>(_ value: Value?, as type: String) throws -> Value? {
        let connection = try Server.connect()
        let rows = try connection.run(PostgresStatement("SELECT $1::\(type)"), values { $0.append(value) })
        #expect(rows.count == 1 && rows.columnCount == 1)
        #expect(try rows.isNull(0, 0) == (value == nil))
        return try rows.optional(Value.self, 0, 0)
    }

    @Test("Whole numbers", arguments: [0, 1, -1, 255, .min, .max] as [Int64])
    func integers(number: Int64) throws {
        #expect(try self.echo(number, as: "bigint") == number)
        #expect(try self.echo(Int32(truncatingIfNeeded: number), as: "integer") == Int32(truncatingIfNeeded: number))
        #expect(try self.echo(Int16(truncatingIfNeeded: number), as: "smallint") == Int16(truncatingIfNeeded: number))
    }

    @Test("The ends of the smaller numbers")
    func smallIntegers() throws {
        for number in [Int32.min, .max] { #expect(try self.echo(number, as: "integer") == number) }
        for number in [Int16.min, .max] { #expect(try self.echo(number, as: "smallint") == number) }
    }

    @Test("Numbers with a fraction", arguments: [0, -0.0, 1.5, .pi, .infinity, -.infinity, .leastNonzeroMagnitude])
    func doubles(number: Double) throws {
        #expect(try self.echo(number, as: "float8")?.bitPattern == number.bitPattern)
        #expect(try self.echo(Double.nan, as: "float8")?.isNaN == true)
    }

    @Test("Truth values")
    func truthValues() throws {
        for value in [true, false] { #expect(try self.echo(value, as: "boolean") == value) }
    }

    @Test("Text", arguments: ["", " ", "a", "größer", "日本語 👩‍👩‍👧‍👦", "it's \\ \"quoted\"\n", "e\u{301}"])
    func texts(text: String) throws {
        let back = try self.echo(text, as: "text")
        #expect(back.map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test("Bytes, up to a megabyte", arguments: [0, 1, 255, 1 << 16, 1 << 20])
    func bytes(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try self.echo(bytes, as: "bytea") == bytes)
    }

    @Test("NULL of every type")
    func nulls() throws {
        #expect(try self.echo(nil as Int64?, as: "bigint") == nil)
        #expect(try self.echo(nil as Int32?, as: "integer") == nil)
        #expect(try self.echo(nil as Int16?, as: "smallint") == nil)
        #expect(try self.echo(nil as Bool?, as: "boolean") == nil)
        #expect(try self.echo(nil as Double?, as: "float8") == nil)
        #expect(try self.echo(nil as String?, as: "text") == nil)
        #expect(try self.echo(nil as [UInt8]?, as: "bytea") == nil)
    }

    @Test("Many values of all types in one statement, in their order")
    func order() throws {
        let connection = try Server.connect()
        let statement = PostgresStatement("SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9")
        let rows = try connection.run(
            statement,
            values {
                $0.append("")
                $0.append(nil as Int64?)
                $0.append(7)
                $0.append([] as [UInt8])
                $0.append(true)
                $0.append(Int16(3))
                $0.append("end")
                $0.append(nil as String?)
                $0.append(2.5)
            }
        )
        #expect(try rows.text(0, 0) == "")
        #expect(try rows.isNull(0, 1))
        #expect(try rows.int64(0, 2) == 7)
        #expect(try rows.bytes(0, 3) == [])
        #expect(try rows.bool(0, 4))
        #expect(try rows.int16(0, 5) == 3)
        #expect(try rows.text(0, 6) == "end")
        #expect(try rows.optional(String.self, 0, 7) == nil)
        #expect(try rows.double(0, 8) == 2.5)
    }

    // MARK: Arrays

    private func echo<Value: PostgresValue>(_ array: [Value?], as type: String) throws -> [Value?] {
        let connection = try Server.connect()
        let rows = try connection.run(
            PostgresStatement("SELECT $1::\(type)[], cardinality($1::\(type)[])::bigint"),
            values { $0.append(array) }
        )
        #expect(try rows.int64(0, 1) == Int64(array.count))
        return try rows.optionals(0, 0)
    }

    @Test("Arrays of every type, with and without NULL, and empty")
    func arrays() throws {
        let numbers: [Int64?] = [1, nil, .min, .max]
        #expect(try self.echo(numbers, as: "bigint") == numbers)
        #expect(try self.echo([] as [Int64?], as: "bigint") == [])
        #expect(try self.echo([1, nil, -1] as [Int32?], as: "integer") == [1, nil, -1])
        #expect(try self.echo([1, nil, -1] as [Int16?], as: "smallint") == [1, nil, -1])
        #expect(try self.echo(["", nil, "größer"] as [String?], as: "text") == ["", nil, "größer"])
        #expect(try self.echo([[], nil, [0, 255]] as [[UInt8]?], as: "bytea") == [[], nil, [0, 255]])
        #expect(try self.echo([true, nil, false] as [Bool?], as: "boolean") == [true, nil, false])
        #expect(try self.echo([0.5, nil] as [Double?], as: "float8") == [0.5, nil])
    }

    @Test("Arrays of 100,000 elements")
    func longArrays() throws {
        let connection = try Server.connect()
        let numbers = (0..<100_000).map { Int64($0) }
        let texts = numbers.map { "number \($0)" }
        let parts = numbers.map { [UInt8(truncatingIfNeeded: $0)] }
        let rows = try connection.run(
            PostgresStatement("SELECT $1::bigint[], $2::text[], $3::bytea[], $4::integer[], $5::smallint[]"),
            values {
                $0.append(numbers)
                $0.append(texts)
                $0.append(parts)
                $0.append(numbers.map { Int32($0) })
                $0.append(numbers.map { Int16(truncatingIfNeeded: $0) })
            }
        )
        #expect(try rows.int64s(0, 0) == numbers)
        #expect(try rows.array(0, 1) == texts)
        #expect(try rows.array(0, 2) == parts)
        #expect(try rows.array(0, 3) == numbers.map { Int32($0) })
        #expect(try rows.array(0, 4) == numbers.map { Int16(truncatingIfNeeded: $0) })
    }

    // MARK: What is not there

    @Test("To read another type, NULL, or what is not there is an error that names the column")
    func misfits() throws {
        let connection = try Server.connect()
        let rows = try connection.run(
            PostgresStatement("SELECT 1::integer AS small, NULL::bigint AS nothing, ARRAY[1, NULL]::bigint[] AS some")
        )
        #expect(
            error { () throws(PostgresError) in try rows.int64(0, 0) }?.message.contains("column 0 'small'") == true
        )
        #expect(error { () throws(PostgresError) in try rows.text(0, 0) }?.kind == .invalid)
        #expect(error { () throws(PostgresError) in try rows.int64(0, 1) }?.message.contains("'nothing'") == true)
        #expect(error { () throws(PostgresError) in try rows.int64s(0, 2) }?.message.contains("'some'") == true)
        #expect(error { () throws(PostgresError) in try rows.int64s(0, 1) }?.kind == .invalid)
        for (row, column) in [(1, 0), (-1, 0), (0, 3), (0, -1), (.max, 0), (0, .max)] {
            #expect(error { () throws(PostgresError) in try rows.isNull(row, column) }?.kind == .invalid)
            #expect(error { () throws(PostgresError) in try rows.int32(row, column) }?.kind == .invalid)
        }
        #expect(try rows.int32(0, 0) == 1)
        #expect(try rows.optionals(0, 2) == [1, nil] as [Int64?])
    }
}

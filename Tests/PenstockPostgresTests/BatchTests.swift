import Testing

@testable import PenstockPostgres

@Suite("Statements go to the server in batches", .server, .ownThreads, .timeLimit(.minutes(60)))
struct BatchTests {
    private let one = PostgresStatement("SELECT 1")
    private let double = PostgresStatement("SELECT $1::bigint * 2")

    @Test("What a batch answers is in the order of its statements")
    func answers() throws {
        let connection = try Server.connect()
        #expect(try connection.finish().isEmpty)
        for number in 0..<100 { try connection.send(self.double, values { $0.append(number) }) }
        let answers = try connection.finish()
        #expect(try answers.map { rows in try rows.int64(0, 0) } == (0..<100).map { 2 * $0 })
        #expect(try connection.run(self.one).int32(0, 0) == 1)
    }

    @Test("It says how many rows were changed")
    func affected() throws {
        let schema = try TestSchema()
        let connection = try schema.connect()
        try connection.script("CREATE TABLE numbers (number bigint)")
        let insert = PostgresStatement("INSERT INTO numbers SELECT * FROM unnest($1::bigint[])")
        #expect(try connection.run(insert, values { $0.append([1, 2, 3] as [Int64]) }).affected == 3)
        #expect(try connection.run(PostgresStatement("DELETE FROM numbers WHERE number > 1")).affected == 2)
        #expect(try connection.run(PostgresStatement("RESET lock_timeout")).affected == 0)
        let rows = try connection.run(PostgresStatement("SELECT number FROM numbers WHERE false"))
        #expect(rows.count == 0 && rows.columnCount == 1 && rows.affected == 0)
    }

    @Test("5,000 statements with large answers do not get stuck", arguments: [true, false])
    func large(isKept: Bool) throws {
        let connection = try Server.connect()
        connection.keepsStatements = isKept
        let statement = PostgresStatement("SELECT repeat('x', 20000), $1::bytea, $2::bigint")
        let bytes = [UInt8](repeating: 7, count: 5000)
        for number in 0..<5000 {
            try connection.send(
                statement,
                values {
                    $0.append(bytes)
                    $0.append(number)
                }
            )
        }
        let answers = try connection.finish()
        #expect(answers.count == 5000)
        for (number, rows) in answers.enumerated() {
            #expect(try rows.int64(0, 2) == Int64(number))
            #expect(try rows.text(0, 0).utf8.count == 20_000)
        }
        #expect(try answers.last?.bytes(0, 1) == bytes)
        #expect(try connection.run(self.one).int32(0, 0) == 1)
    }

    @Test("One statement of 64 MB, and an answer of the same size")
    func huge() throws {
        let connection = try Server.connect()
        let bytes = [UInt8](repeating: 7, count: 64 << 20)
        let rows = try connection.run(PostgresStatement("SELECT $1::bytea"), values { $0.append(bytes) })
        #expect(try rows.bytes(0, 0) == bytes)
    }

    // MARK: Failures

    private let divide = PostgresStatement("SELECT 10 / $1::bigint")

    @Test("An error names its statement, the rest is passed over, and the connection goes on", arguments: 0..<8)
    func failure(at place: Int) throws {
        let connection = try Server.connect()
        for round in 0..<3 {
            for number in 0..<8 {
                try connection.send(self.divide, values { $0.append(number == place ? 0 : 1) })
            }
            let failure = try #require(error { () throws(PostgresError) in try connection.finish() })
            #expect(failure.kind == .statement && failure.state == "22012" && failure.index == place, "\(round)")
            #expect(failure.sql == self.divide.sql && failure.message == "division by zero")
            #expect(!failure.isConnectionGone && !failure.isSerializationFailure)
            #expect(connection.isUsable && connection.transaction == .none)
            #expect(try connection.run(self.divide, values { $0.append(5) }).int64(0, 0) == 2)
        }
    }

    @Test("A transaction that has failed is rolled back when it is said")
    func failedTransaction() throws {
        let schema = try TestSchema()
        let connection = try schema.connect()
        try connection.script("CREATE TABLE numbers (number bigint CONSTRAINT only_small CHECK (number < 10))")
        let insert = PostgresStatement("INSERT INTO numbers VALUES ($1)")
        try connection.send(PostgresStatement("BEGIN"))
        try connection.send(insert, values { $0.append(1) })
        try connection.send(insert, values { $0.append(10) })
        try connection.send(PostgresStatement("COMMIT"))
        let failure = try #require(error { () throws(PostgresError) in try connection.finish() })
        #expect(failure.state == "23514" && failure.constraint == "only_small" && failure.index == 2)
        #expect(failure.detail?.isEmpty == false)
        #expect(connection.transaction == .failed)
        #expect(error { () throws(PostgresError) in try connection.run(self.one) }?.state == "25P02")
        try connection.rollBack()
        #expect(connection.transaction == .none)
        try connection.rollBack()
        #expect(try connection.run(PostgresStatement("SELECT count(*) FROM numbers")).int64(0, 0) == 0)
    }

    @Test("A batch that begins no transaction is one by itself, done whole or not at all")
    func batchAsTransaction() throws {
        let schema = try TestSchema()
        let connection = try schema.connect()
        try connection.script("CREATE TABLE numbers (number bigint)")
        let insert = PostgresStatement("INSERT INTO numbers VALUES (100 / $1::bigint)")
        for number in [1, 2, 0, 3] { try connection.send(insert, values { $0.append(number) }) }
        #expect(error { () throws(PostgresError) in try connection.finish() }?.index == 2)
        #expect(connection.transaction == .none)
        let count = PostgresStatement("SELECT count(*) FROM numbers")
        #expect(try connection.run(count).int64(0, 0) == 0)
        for number in 1...4 { try connection.send(insert, values { $0.append(number) }) }
        _ = try connection.finish()
        #expect(try connection.run(count).int64(0, 0) == 4)
    }

    @Test("A statement that cannot be compiled is compiled again, when it can be")
    func failedCompilation() throws {
        let schema = try TestSchema()
        let connection = try schema.connect()
        let count = PostgresStatement("SELECT count(*) FROM numbers")
        for _ in 0..<2 {
            try connection.send(self.one)
            try connection.send(count)
            try connection.send(count)
            let failure = error { () throws(PostgresError) in try connection.finish() }
            #expect(failure?.state == "42P01" && failure?.index == 1)
        }
        try connection.script("CREATE TABLE numbers (number bigint)")
        #expect(try connection.run(count).int64(0, 0) == 0)
        #expect(try self.names(connection) == 3)
    }

    /// How many statements the server keeps for a connection, this one included.
    private func names(_ connection: PostgresConnection) throws -> Int64 {
        try connection.run(Self.keptStatements).int64(0, 0)
    }

    private static let keptStatements = PostgresStatement("SELECT count(*) FROM pg_prepared_statements")

    @Test("A statement whose compilation was passed over is compiled later, and one that was compiled is not again")
    func skippedCompilation() throws {
        let connection = try Server.connect()
        for _ in 0..<3 {
            // Compiled, though it fails; then passed over.
            try connection.send(self.divide, values { $0.append(0) })
            try connection.send(self.double, values { $0.append(4) })
            #expect(error { () throws(PostgresError) in try connection.finish() }?.index == 0)
            #expect(try self.names(connection) == 2)
        }
        #expect(try connection.run(self.double, values { $0.append(4) }).int64(0, 0) == 8)
        #expect(try self.names(connection) == 3)
        #expect(try connection.run(self.divide, values { $0.append(4) }).int64(0, 0) == 2)
        #expect(try self.names(connection) == 3)
    }

    @Test("A compilation outlives the transaction that it was made in")
    func rolledBackCompilation() throws {
        let connection = try Server.connect()
        try connection.send(PostgresStatement("BEGIN", isKept: false))
        try connection.send(self.double, values { $0.append(1) })
        try connection.send(PostgresStatement("ROLLBACK", isKept: false))
        _ = try connection.finish()
        #expect(try connection.run(self.double, values { $0.append(4) }).int64(0, 0) == 8)
        #expect(try self.names(connection) == 2)
    }

    @Test("A statement that the server has forgotten, or whose table has changed, is compiled anew")
    func forgottenCompilation() throws {
        let schema = try TestSchema()
        let connection = try schema.connect()
        try connection.script("CREATE TABLE numbers (number bigint); INSERT INTO numbers VALUES (1)")
        let all = PostgresStatement("SELECT * FROM numbers")
        #expect(try connection.run(all).columnCount == 1)
        try connection.script("DEALLOCATE ALL")
        #expect(error { () throws(PostgresError) in try connection.run(all) }?.state == "26000")
        #expect(try connection.run(all).columnCount == 1)
        try connection.script("ALTER TABLE numbers ADD COLUMN name text")
        #expect(error { () throws(PostgresError) in try connection.run(all) }?.state == "0A000")
        #expect(try connection.run(all).columnCount == 2)
    }

    @Test("Behind a pool, nothing is kept")
    func notKept() throws {
        let connection = try Server.connect()
        connection.keepsStatements = false
        for number in 0..<3 {
            try connection.send(self.double, values { $0.append(number) })
            try connection.send(self.divide, values { $0.append(1) })
        }
        #expect(try connection.finish().count == 6)
        #expect(try self.names(connection) == 0)
        try connection.send(self.double, values { $0.append(1) })
        try connection.send(self.divide, values { $0.append(0) })
        #expect(error { () throws(PostgresError) in try connection.finish() }?.index == 1)
    }

    @Test("What is kept is bounded; more statements than that still run")
    func manyStatements() throws {
        let connection = try Server.connect()
        for number in 0..<PostgresConnection.keptLimit + 100 {
            try connection.send(PostgresStatement("SELECT \(number)::bigint"))
        }
        let answers = try connection.finish()
        #expect(try answers.map { rows in try rows.int64(0, 0) } == answers.indices.map { Int64($0) })
        #expect(try self.names(connection) == Int64(PostgresConnection.keptLimit))
    }

    // MARK: What cannot be sent

    @Test("What cannot be sent is refused before anything is sent, and leaves the batch as it was")
    func refused() throws {
        let connection = try Server.connect()
        #expect(try connection.run(self.double, values { $0.append(1) }).count == 1)
        try connection.send(self.one)
        #expect(
            error { () throws(PostgresError) in try connection.send(self.double, values { $0.append("1") }) } != nil
        )
        #expect(error { () throws(PostgresError) in try connection.send(PostgresStatement("SELECT 1\0, 2")) } != nil)
        let many = values { values in
            for number in 0..<65_536 { values.append(number) }
        }
        #expect(error { () throws(PostgresError) in try connection.send(self.one, many) }?.kind == .invalid)
        #expect(error { () throws(PostgresError) in try connection.script("SELECT 1") }?.kind == .invalid)
        #expect(error { () throws(PostgresError) in try connection.run(self.one) }?.kind == .invalid)
        #expect(try connection.finish().count == 1)
        try connection.send(PostgresStatement("DROP DATABASE postgres"))
        connection.discardBatch()
        #expect(try connection.finish().isEmpty)
        #expect(error { () throws(PostgresError) in try connection.script("SELECT '\0'") }?.kind == .invalid)
    }

    @Test("COPY, which takes a conversation of its own, ends the connection instead of hanging")
    func copying() throws {
        for text in ["COPY pg_class TO STDOUT", "CREATE TEMPORARY TABLE t (n int); COPY t FROM STDIN"] {
            let connection = try Server.connect()
            #expect(error { () throws(PostgresError) in try connection.script(text) } != nil)
        }
        let connection = try Server.connect()
        let copy = PostgresStatement("COPY pg_class TO STDOUT")
        #expect(error { () throws(PostgresError) in try connection.run(copy) } != nil)
    }

    // MARK: Scripts

    @Test("A script runs its statements, and is one transaction")
    func scripts() throws {
        let schema = try TestSchema()
        let connection = try schema.connect()
        try connection.script("")
        try connection.script("CREATE TABLE numbers (number bigint); INSERT INTO numbers VALUES (1); SELECT 1;")
        let failure = error { () throws(PostgresError) in
            try connection.script("INSERT INTO numbers VALUES (2); SELECT 1 / 0; INSERT INTO numbers VALUES (3)")
        }
        #expect(failure?.state == "22012" && failure?.sql?.contains("1 / 0") == true)
        #expect(try connection.run(PostgresStatement("SELECT count(*) FROM numbers")).int64(0, 0) == 1)
        try connection.script("DO $$ BEGIN RAISE NOTICE 'unheard'; RAISE WARNING 'unheard'; END $$")
        #expect(try connection.run(self.one).count == 1)
    }
}

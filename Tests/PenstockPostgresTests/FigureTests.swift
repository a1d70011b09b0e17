import Foundation
import Testing

@testable import PenstockPostgres

/// How fast a connection is on this machine and this server, which must keep what it has acknowledged.
///
/// The figures are printed and not held against anything. They mean something in an optimised build:
/// `PENSTOCK_LONG=1 swift test -c release -Xswiftc -enable-testing --filter FigureTests`.
@Suite(
    "Figures of a connection",
    .server,
    .enabled(if: ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil, "they take PENSTOCK_LONG=1"),
    .serialized,
    .ownThreads,
    .timeLimit(.minutes(60))
)
struct FigureTests {
    /// Does something for two seconds after half a second, and prints how often it was done in one.
    private func measure(_ name: String, times count: Int = 1, _ body: () throws -> Void) rethrows {
        for duration in [Duration.milliseconds(500), .seconds(2)] {
            var rounds = 0
            let start = ContinuousClock.now
            while ContinuousClock.now - start < duration {
                try body()
                rounds += 1
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            if duration == .seconds(2) { print("figure: \(name): \(Int(Double(rounds * count) / seconds)) a second") }
        }
    }

    private func table(_ schema: TestSchema) throws -> PostgresConnection {
        let connection = try schema.connect()
        try connection.script(
            """
            CREATE TABLE rows (
                a bigint PRIMARY KEY, b bigint, c integer, d smallint, e text,
                f text, g bytea, h bytea, i bigint, j bigint
            )
            """
        )
        #expect(try connection.run(PostgresStatement("SHOW synchronous_commit")).text(0, 0) == "on")
        #expect(try connection.run(PostgresStatement("SHOW fsync")).text(0, 0) == "on")
        return connection
    }

    @Test("Round trips")
    func roundTrips() throws {
        let connection = try Server.connect()
        let one = PostgresStatement("SELECT 1")
        try self.measure("prepared SELECT 1, one by one") { _ = try connection.run(one) }
        try self.measure("prepared SELECT 1, 100 in a batch", times: 100) {
            for _ in 0..<100 { try connection.send(one) }
            _ = try connection.finish()
        }
        connection.keepsStatements = false
        try self.measure("SELECT 1 sent whole, one by one") { _ = try connection.run(one) }
    }

    @Test("Transactions of one row")
    func transactions() throws {
        let schema = try TestSchema()
        let connection = try self.table(schema)
        let begin = PostgresStatement("BEGIN")
        let insert = PostgresStatement("INSERT INTO rows (a, e) VALUES ($1, $2)")
        let commit = PostgresStatement("COMMIT")
        var number = 0
        func row() -> PostgresValues {
            number += 1
            return values {
                $0.append(number)
                $0.append("a row")
            }
        }
        try self.measure("BEGIN, INSERT, COMMIT in a batch") {
            try connection.send(begin)
            try connection.send(insert, row())
            try connection.send(commit)
            _ = try connection.finish()
        }
        try self.measure("the same, each alone") {
            _ = try connection.run(begin)
            _ = try connection.run(insert, row())
            _ = try connection.run(commit)
        }
        try self.measure("INSERT as a batch of its own") { _ = try connection.run(insert, row()) }
        _ = try connection.run(PostgresStatement("SET synchronous_commit = off"))
        try self.measure("BEGIN, INSERT, COMMIT in a batch, with synchronous_commit off") {
            try connection.send(begin)
            try connection.send(insert, row())
            try connection.send(commit)
            _ = try connection.finish()
        }
    }

    @Test("Rows from arrays")
    func arrays() throws {
        let schema = try TestSchema()
        let connection = try self.table(schema)
        let begin = PostgresStatement("BEGIN")
        let commit = PostgresStatement("COMMIT")
        let insert = PostgresStatement(
            """
            INSERT INTO rows SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::smallint[],
                $5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::bigint[], $10::bigint[])
            """
        )
        var number = 0
        func rows() -> PostgresValues {
            let numbers = (number..<number + 1000).map { Int64($0) }
            number += 1000
            return values {
                $0.append(numbers)
                $0.append(numbers.map { $0.isMultiple(of: 2) ? $0 : nil })
                $0.append(numbers.map { Int32($0) })
                $0.append(numbers.map { Int16(truncatingIfNeeded: $0) })
                $0.append(numbers.map { "key-\($0)" })
                $0.append(numbers.map { $0.isMultiple(of: 2) ? "queue" : nil } as [String?])
                $0.append(numbers.map { _ in [UInt8](repeating: 7, count: 100) })
                $0.append(numbers.map { _ in [1, 2, 3] as [UInt8] })
                $0.append(numbers)
                $0.append(numbers)
            }
        }
        try self.measure("rows of 10 columns by INSERT … SELECT unnest, 1,000 at a time", times: 1000) {
            try connection.send(begin)
            try connection.send(insert, rows())
            try connection.send(commit)
            _ = try connection.finish()
        }
        self.measure("the values of such rows, without sending them", times: 1000) { _ = rows() }
        let select = PostgresStatement("SELECT a, b, c, d, e, f, g, h, i, j FROM rows ORDER BY a LIMIT 1000")
        var sum: Int64 = 0
        try self.measure("rows of 10 columns read, 1,000 at a time", times: 1000) {
            let rows = try connection.run(select)
            for row in 0..<rows.count {
                sum &+= try rows.int64(row, 0)
                sum &+= try rows.optional(Int64.self, row, 1) ?? 0
                sum &+= Int64(try rows.int32(row, 2)) + Int64(try rows.int16(row, 3))
                sum &+= Int64(try rows.text(row, 4).utf8.count + rows.bytes(row, 6).count + rows.bytes(row, 7).count)
            }
        }
        #expect(sum != 0)
    }
}

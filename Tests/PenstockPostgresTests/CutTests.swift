import Foundation
import PostgresCluster
import Testing

@testable import PenstockPostgres

@Suite("A connection that is cut after any byte", .server, .ownThreads, .timeLimit(.minutes(60)))
struct CutTests {
    private static let number = PostgresStatement("SELECT $1::bigint, 'some text'")
    private static let divide = PostgresStatement("SELECT 10 / $1::bigint")
    private static let table = PostgresStatement("SELECT number FROM generate_series(1, $1::bigint) AS number")

    /// Does some of everything that a connection can do, and tells each thing that is answered.
    private func session(_ url: String, _ tell: (String) -> Void) throws {
        let connection = try Server.connect(to: url)
        tell("connected")
        try connection.script("LISTEN here; SELECT 1; CREATE TEMPORARY TABLE numbers (number bigint)")
        tell("script")
        for number in 0..<4 { try connection.send(Self.number, values { $0.append(number) }) }
        for rows in try connection.finish() { tell("number \(try rows.int64(0, 0)) \(try rows.text(0, 1))") }
        try connection.send(Self.table, values { $0.append(20) })
        try connection.send(Self.divide, values { $0.append(0) })
        try connection.send(Self.number, values { $0.append(9) })
        let error = error { () throws(PostgresError) in try connection.finish() }
        if let error, error.kind != .statement { throw error }
        tell("error \(error?.state ?? "none") \(error?.index ?? -1)")
        let rows = try connection.run(Self.table, values { $0.append(20) })
        for row in 0..<rows.count { tell("row \(try rows.int64(row, 0))") }
        _ = try connection.run(PostgresStatement("NOTIFY here, 'there'"))
        while true {
            _ = try connection.wait(timeout: nil)
            let heard = try connection.notifications()
            for notification in heard { tell("heard \(notification.payload)") }
            if !heard.isEmpty { break }
        }
        connection.close()
    }

    @Test("Is an error or a full answer, whoever is cut off, and however", arguments: [true, false])
    func cut(fromServer: Bool) throws {
        let cluster = try PostgresCluster()
        let path = "\(cluster.folder)/.s.PGSQL.5432"
        let proxy = try Proxy(.leads(to: path, fromClient: .max, fromServer: .max, .ended))
        var whole: [String] = []
        try self.session(proxy.url()) { whole.append($0) }
        #expect(whole.count > 25 && whole.last == "heard there")
        // Once the session is over, the proxy has counted all of it but the last word of the client.
        let counts = proxy.lastCounts
        let total = fromServer ? counts.fromServer : counts.fromClient
        #expect(total > 500)
        let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil
        var outcomes: [String: Int] = [:]
        for count in stride(from: 0, to: total, by: isLong ? 1 : 1 + total / 400) {
            let cut = count.isMultiple(of: 2) ? Proxy.Cut.ended : .reset
            let (most, least) = (Int.max, count)
            proxy.turn(
                to: .leads(to: path, fromClient: fromServer ? most : least, fromServer: fromServer ? least : most, cut)
            )
            var part: [String] = []
            do {
                try self.session(proxy.url()) { part.append($0) }
                #expect(part == whole)
                outcomes["whole", default: 0] += 1
            } catch let error as PostgresError {
                #expect(Array(whole.prefix(part.count)) == part, "after \(count) bytes")
                #expect(error.kind == (part.isEmpty ? .refused : .lost), "after \(count) bytes: \(error)")
                outcomes["\(error.kind)", default: 0] += 1
            }
        }
        #expect((outcomes["refused"] ?? 0) > 20 && (outcomes["lost"] ?? 0) > 100, "\(outcomes)")
    }
}

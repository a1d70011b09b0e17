import PostgresCluster
import Testing

@testable import PenstockPostgres

@Suite("A connection may be encrypted", .server, .ownThreads, .timeLimit(.minutes(60)))
struct EncryptionTests {
    @Test("Large batches get through, and so do notifications and the end")
    func encrypted() throws {
        let port = try Proxy.freePort()
        let cluster = try PostgresCluster(port: port)
        try Server.connect(to: cluster.url).script("CREATE ROLE ann LOGIN PASSWORD 'word'")
        let url = "postgresql://ann:word@127.0.0.1:\(port)/postgres?sslmode=require"
        let connection = try Server.connect(to: url)
        let statement = PostgresStatement("SELECT repeat('x', $1::integer), $2::bytea")
        for round in 0..<3 {
            let bytes = [UInt8](repeating: UInt8(round), count: 20_000)
            // Messages of all sizes around those of the records that are encrypted one by one.
            let sizes = (0..<1000).map { Int32($0 * 37) }
            for size in sizes {
                try connection.send(
                    statement,
                    values {
                        $0.append(size)
                        $0.append(bytes)
                    }
                )
            }
            for (rows, size) in zip(try connection.finish(), sizes) {
                #expect(try rows.text(0, 0).utf8.count == Int(size) && rows.bytes(0, 1) == bytes)
            }
        }
        let isEncrypted = PostgresStatement("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        #expect(try connection.run(isEncrypted).bool(0, 0))

        let channel = Server.name()
        try connection.script("LISTEN \(channel)")
        try Server.connect(to: cluster.url).script("NOTIFY \(channel), 'word'")
        var heard: [PostgresNotification] = []
        while heard.isEmpty {
            _ = try connection.wait(timeout: nil)
            heard = try connection.notifications()
        }
        #expect(heard.map(\.payload) == ["word"])
        try cluster.stop(.fast)
        #expect(error { () throws(PostgresError) in try connection.run(isEncrypted) }?.kind == .lost)
    }
}

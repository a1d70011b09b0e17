import Penstock
import Testing

@testable import PenstockPostgres

@Suite("A connection is made, or says why not", .server, .ownThreads, .timeLimit(.minutes(60)))
struct ConnectionTests {
    private let who = PostgresStatement(
        "SELECT current_setting('application_name'), current_setting('client_encoding')"
    )

    @Test("It is ready, says who it is, and closes")
    func connecting() throws {
        let connection = try Server.connect(name: "some name")
        #expect(connection.isUsable && connection.transaction == .none)
        #expect(connection.serverVersion >= 130_000 && connection.socket >= 0)
        let rows = try connection.run(self.who)
        #expect(try rows.text(0, 0) == "some name")
        #expect(try rows.text(0, 1) == "UTF8")
        let pid = try connection.run(PostgresStatement("SELECT pg_backend_pid()")).int32(0, 0)
        #expect(pid == connection.backendPID)
        connection.close()
        connection.close()
        #expect(!connection.isUsable && connection.socket == -1 && connection.transaction == .none)
        #expect(error { () throws(PostgresError) in try connection.send(self.who) }?.kind == .lost)
        #expect(error { () throws(PostgresError) in try connection.script("SELECT 1") }?.kind == .lost)
        #expect(error { () throws(PostgresError) in try connection.notifications() }?.kind == .lost)
        #expect(error { () throws(PostgresError) in try connection.wait(timeout: nil) }?.kind == .lost)
        #expect(try rows.text(0, 0) == "some name")
    }

    @Test("What the address sets goes through")
    func options() throws {
        let connection = try Server.connect(
            "application_name=mine",
            "options=-csearch_path%3Dsomewhere%20-cstatement_timeout%3D7000"
        )
        #expect(try connection.run(self.who).text(0, 0) == "mine")
        #expect(try connection.run(PostgresStatement("SHOW search_path")).text(0, 0) == "somewhere")
        #expect(try connection.run(PostgresStatement("SHOW statement_timeout")).text(0, 0) == "7s")
    }

    // MARK: Refusals

    /// Expects that there is no connection, for a reason that the store tells its user, without the password.
    private func refusal(_ url: String, _ code: PenstockError.Code, _ words: String...) throws {
        let error = try #require(
            error { () throws(PostgresError) in
                do {
                    _ = try Server.connect(to: url)
                } catch let error as PostgresError {
                    throw error
                } catch {
                    Issue.record(error)
                }
            }
        )
        let refusal = error.asPenstockError()
        #expect(refusal.code == code, "\(error)")
        for word in words { #expect(refusal.description.contains(word), "\(refusal)") }
        #expect(!refusal.description.contains("s3cret"))
        #expect(error.isConnectionGone || error.kind == .invalid)
    }

    @Test("Nobody listens")
    func nobody() throws {
        try self.refusal(
            "postgresql://ann:s3cret@/app?host=/nonexistent",
            .storeUnavailable,
            "PostgreSQL cannot be reached",
            "database 'app' at /nonexistent as 'ann'"
        )
        try self.refusal("postgresql://ann:s3cret@127.0.0.1:1/app", .storeUnavailable, "Connection refused")
    }

    @Test("There is no such database, and no such user")
    func unknown() throws {
        try self.refusal(
            Server.url("dbname=no_such_database"),
            .storeUnusable,
            "there is no such database",
            "no_such_database",
            "(3D000)"
        )
        try self.refusal(Server.url("user=no_such_user", "password=s3cret"), .storeUnusable, "no_such_user", "(28000)")
    }

    @Test("The password is wrong, or there is none")
    func passwords() throws {
        let name = Server.name()
        let connection = try Server.connect()
        try connection.script("CREATE ROLE \(name) LOGIN PASSWORD 's3cret1' IN ROLE by_password")
        defer { try? connection.script("DROP ROLE \(name)") }
        #expect(try Server.connect("user=\(name)", "password=s3cret1").isUsable)
        for password in ["password=s3cret2", "password="] {
            try self.refusal(Server.url("user=\(name)", password), .storeUnusable, "check the user, the password")
        }
    }

    @Test("The user may not connect, or not once more")
    func permissions() throws {
        let database = try TestDatabase()
        let connection = try Server.connect()
        let name = Server.name()
        try connection.script("CREATE ROLE \(name) LOGIN CONNECTION LIMIT 0")
        defer { try? connection.script("DROP ROLE \(name)") }
        try self.refusal("\(database.url)&user=\(name)", .storeUnavailable, "no connection left", "(53300)")
        try connection.script("ALTER ROLE \(name) CONNECTION LIMIT -1")
        try connection.script("REVOKE CONNECT ON DATABASE \(database.name) FROM public")
        try self.refusal("\(database.url)&user=\(name)", .storeUnusable, "grant the permission", "(42501)")
    }

    @Test("A database whose text is not Unicode")
    func encoding() throws {
        let database = try TestDatabase("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try self.refusal(database.url, .storeUnusable, "ENCODING 'UTF8'", "LATIN1")
    }

    @Test("A server that is too old")
    func oldServer() throws {
        // The password is not asked for; two settings; it is ready.
        let proxy = try Proxy(
            .says(
                [0x52, 0, 0, 0, 8, 0, 0, 0, 0] + Self.setting("server_version", "12.19")
                    + Self.setting("server_encoding", "UTF8") + [0x5A, 0, 0, 0, 5, 0x49]
            )
        )
        try self.refusal(proxy.url(), .storeUnusable, "PostgreSQL 12", "13 or later")
    }

    private static func setting(_ name: String, _ value: String) -> [UInt8] {
        let text = Array(name.utf8) + [0] + Array(value.utf8) + [0]
        return [0x53, 0, 0, 0, UInt8(text.count + 4)] + text
    }

    @Test("A server that speaks another protocol, or nonsense")
    func nonsense() throws {
        for text in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "R\u{7f}\u{7f}\u{7f}\u{7f}"]
        {
            let proxy = try Proxy(.says(Array(text.utf8)))
            let address = try PostgresAddress(proxy.url())
            let error = error { () throws(PostgresError) in
                try PostgresConnection(address, name: "tests", timeout: .milliseconds(200))
            }
            #expect(error?.kind == .refused)
        }
    }

    // MARK: Waiting for it

    @Test("A server that says nothing is waited for no longer than is allowed")
    func silence() throws {
        let proxy = try Proxy(.silent)
        let address = try PostgresAddress(proxy.url())
        let error = error { () throws(PostgresError) in
            try PostgresConnection(address, name: "tests", timeout: .milliseconds(200))
        }
        #expect(error?.kind == .refused && error?.message.contains("no answer in time") == true)
        #expect(error?.asPenstockError().code == .storeUnavailable)
        let hasty = try PostgresAddress("\(proxy.url())&connect_timeout=1")
        #expect(
            PenstockPostgresTests.error { () throws(PostgresError) in
                try PostgresConnection(hasty, name: "tests", timeout: .seconds(6000))
            } != nil
        )
    }

    @Test("To wait for it can be interrupted")
    func interruption() throws {
        let proxy = try Proxy(.silent)
        let address = try PostgresAddress(proxy.url())
        let interrupter = PostgresInterrupter()
        let meanwhile = Meanwhile { interrupter.interrupt() }
        let error = error { () throws(PostgresError) in
            try PostgresConnection(address, name: "tests", timeout: .seconds(6000), interrupter: interrupter)
        }
        try meanwhile.wait()
        #expect(error?.kind == .refused && error?.message.contains("interrupted") == true)
        #expect(interrupter.isInterrupted)
        // One that was interrupted before interrupts what comes later as well.
        let url = try PostgresAddress(Server.url())
        let later = PenstockPostgresTests.error { () throws(PostgresError) in
            let connection = try PostgresConnection(
                url,
                name: "tests",
                timeout: .seconds(6000),
                interrupter: interrupter
            )
            _ = try connection.run(self.who)
        }
        #expect(later?.isConnectionGone == true)
    }
}

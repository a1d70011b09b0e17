import Penstock
import PostgresCluster
import Testing

@testable import PenstockPostgres

@Suite("A connection that is lost is an error, and never a wait", .server, .ownThreads, .timeLimit(.minutes(60)))
struct LossTests {
    private static let sleep = PostgresStatement("SELECT pg_sleep(6000)")
    private static let number = PostgresStatement("SELECT $1::bigint, repeat('x', 5000)")
    private static let end = PostgresStatement("SELECT pg_terminate_backend(pg_backend_pid())")
    private static let sleepers = PostgresStatement(
        "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
    )

    /// Waits on another connection until one is asleep.
    private static func waitForSleep(of pid: Int32, _ connection: PostgresConnection) throws {
        while try connection.run(self.sleepers, values { $0.append(pid) }).int64(0, 0) == 0 {}
    }

    /// Ends a session that the server goes on with, because it does not know yet that nobody is there any more.
    private func endSession(_ pid: Int32) throws {
        try Server.connect().script("SELECT pg_terminate_backend(\(pid))")
    }

    /// A batch of ten statements, of which one is another one.
    private func send(_ connection: PostgresConnection, _ other: PostgresStatement, at place: Int) throws {
        for number in 0..<10 {
            if number == place {
                try connection.send(other)
            } else {
                try connection.send(Self.number, values { $0.append(number) })
            }
        }
    }

    private func expectLoss(_ error: PostgresError?, _ connection: PostgresConnection, _ place: Int) {
        #expect(error?.kind == .lost && error?.isConnectionGone == true)
        // Statements are answered when they are done, though the server may not get to sending all of it.
        #expect(error?.index.map { $0 <= place } == true)
        #expect(error?.asPenstockError().code == .storeUnavailable)
        #expect(!connection.isUsable)
        for _ in 0..<2 {
            let later = PenstockPostgresTests.error { () throws(PostgresError) in try connection.run(Self.number) }
            #expect(later?.kind == .lost)
        }
    }

    @Test("The server ends it, at every point of a batch", arguments: 0..<10, [true, false])
    func terminated(place: Int, isKept: Bool) throws {
        let connection = try Server.connect()
        connection.keepsStatements = isKept
        try self.send(connection, Self.end, at: place)
        let error = error { () throws(PostgresError) in try connection.finish() }
        self.expectLoss(error, connection, place)
        #expect(error?.state == "57P01")
    }

    @Test("Somebody else ends it, at every point of a batch", arguments: 0..<10, ["BEGIN", "SELECT 1"])
    func terminatedByAnother(place: Int, before: String) throws {
        let connection = try Server.connect()
        let pid = connection.backendPID
        try connection.script(before)
        let meanwhile = Meanwhile {
            let other = try Server.connect()
            try Self.waitForSleep(of: pid, other)
            try other.script("SELECT pg_terminate_backend(\(pid))")
        }
        try self.send(connection, Self.sleep, at: place)
        let error = error { () throws(PostgresError) in try connection.finish() }
        try meanwhile.wait()
        self.expectLoss(error, connection, place)
        #expect(error?.state == "57P01")
    }

    @Test("A cancelled statement is none: the connection goes on")
    func cancelled() throws {
        let connection = try Server.connect()
        let pid = connection.backendPID
        let meanwhile = Meanwhile {
            let other = try Server.connect()
            try Self.waitForSleep(of: pid, other)
            try other.script("SELECT pg_cancel_backend(\(pid))")
        }
        try self.send(connection, Self.sleep, at: 4)
        let error = error { () throws(PostgresError) in try connection.finish() }
        try meanwhile.wait()
        #expect(error?.kind == .statement && error?.state == "57014" && error?.index == 4)
        #expect(try connection.run(Self.number, values { $0.append(1) }).count == 1)
    }

    @Test("This program interrupts it, while it waits and before", arguments: 0..<10)
    func interrupted(place: Int) throws {
        let connection = try Server.connect()
        let pid = connection.backendPID
        let interrupter = connection.interrupter
        let meanwhile = Meanwhile {
            try Self.waitForSleep(of: pid, Server.connect())
            interrupter.interrupt()
        }
        try self.send(connection, Self.sleep, at: place)
        let error = error { () throws(PostgresError) in try connection.finish() }
        try meanwhile.wait()
        self.expectLoss(error, connection, place)
        #expect(error?.message.contains("interrupted") == true)
        try self.endSession(pid)

        let idle = try Server.connect()
        idle.interrupter.interrupt()
        #expect(try idle.wait(timeout: nil) == .socket)
        let late = PenstockPostgresTests.error { () throws(PostgresError) in try idle.run(Self.number) }
        #expect(late != nil)
        idle.close()
        idle.interrupter.interrupt()
    }

    @Test("A batch that takes longer than it may", arguments: [true, false])
    func late(isKept: Bool) throws {
        let connection = try Server.connect()
        connection.keepsStatements = isKept
        let pid = connection.backendPID
        connection.timeLimit = .seconds(600)
        try self.send(connection, Self.number, at: 10)
        #expect(try connection.finish().count == 10)
        connection.timeLimit = .milliseconds(50)
        try self.send(connection, Self.sleep, at: 3)
        let error = error { () throws(PostgresError) in try connection.finish() }
        try self.endSession(pid)
        #expect(error?.kind == .timedOut && !connection.isUsable)
        #expect(error?.asPenstockError().code == .storeUnavailable)
        let script = try Server.connect()
        let scriptPID = script.backendPID
        script.timeLimit = .milliseconds(50)
        let late = PenstockPostgresTests.error { () throws(PostgresError) in try script.script("SELECT pg_sleep(6000)")
        }
        try self.endSession(scriptPID)
        #expect(late?.kind == .timedOut)
    }

    @Test("A script is ended")
    func script() throws {
        let connection = try Server.connect()
        let error = error { () throws(PostgresError) in
            try connection.script("SELECT 1; SELECT pg_terminate_backend(pg_backend_pid()); SELECT 2")
        }
        #expect(error?.kind == .lost && error?.state == "57P01" && !connection.isUsable)
    }

    // MARK: The whole server

    @Test("The server is stopped at once, is killed, and comes back")
    func server() throws {
        let cluster = try PostgresCluster()
        let setting = try Server.connect(to: cluster.url)
        try setting.script("CREATE TABLE numbers (number bigint)")
        let kinds: [(String, @Sendable () throws -> Void, [String?])] = [
            ("stopped", { try cluster.stop(.fast) }, ["57P01"]),
            ("stopped at once", { try cluster.stop(.immediate) }, ["57P02", "57P01", nil]),
            ("killed", { try cluster.kill() }, [nil]),
        ]
        for (round, (name, body, states)) in kinds.enumerated() {
            let connection = try Server.connect(to: cluster.url)
            let pid = connection.backendPID
            let (url, idle) = (cluster.url, try Server.connect(to: cluster.url))
            try connection.script("INSERT INTO numbers VALUES (\(round))")
            let meanwhile = Meanwhile {
                try Self.waitForSleep(of: pid, Server.connect(to: url))
                try body()
            }
            try self.send(connection, Self.sleep, at: round)
            let error = error { () throws(PostgresError) in try connection.finish() }
            try meanwhile.wait()
            self.expectLoss(error, connection, round)
            #expect(states.contains(error?.state), "\(name): \(String(describing: error))")
            #expect(PenstockPostgresTests.error { () throws(PostgresError) in try idle.run(Self.number) } != nil)
            #expect((try? Server.connect(to: cluster.url)) == nil)
            try cluster.start()
            let again = try Server.connect(to: cluster.url)
            #expect(try again.run(PostgresStatement("SELECT count(*) FROM numbers")).int64(0, 0) == Int64(round + 1))
        }
        try cluster.restart()
        #expect(error { () throws(PostgresError) in try setting.run(Self.number) } != nil)
    }
}

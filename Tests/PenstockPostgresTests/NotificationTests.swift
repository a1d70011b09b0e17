import Testing

@testable import PenstockPostgres

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("What is notified is heard", .server, .ownThreads, .timeLimit(.minutes(60)))
struct NotificationTests {
    private let notify = PostgresStatement("SELECT pg_notify($1, $2)")

    private func notify(_ connection: PostgresConnection, _ channel: String, _ payload: String) throws {
        _ = try connection.run(
            self.notify,
            values {
                $0.append(channel)
                $0.append(payload)
            }
        )
    }

    /// Waits until so many notifications were heard.
    private func hear(_ count: Int, _ connection: PostgresConnection) throws -> [PostgresNotification] {
        var heard: [PostgresNotification] = []
        while heard.count < count {
            #expect(try connection.wait(timeout: nil) == .socket)
            heard += try connection.notifications()
        }
        return heard
    }

    @Test("In the order of the commits, with channel, payload and sender")
    func order() throws {
        let channel = Server.name()
        let (listener, speaker) = (try Server.connect(), try Server.connect())
        _ = try listener.run(PostgresStatement("LISTEN \(channel)"))
        #expect(try listener.notifications() == [])
        for number in 0..<100 { try self.notify(speaker, channel, "größer \(number)") }
        let heard = try self.hear(100, listener)
        #expect(heard.map(\.payload) == (0..<100).map { "größer \($0)" })
        #expect(heard.allSatisfy { $0.channel == channel && $0.pid == speaker.backendPID })
        #expect(try listener.notifications() == [])
    }

    @Test("What comes during a batch is kept, and not waited for")
    func duringBatch() throws {
        let channel = Server.name()
        let connection = try Server.connect()
        _ = try connection.run(PostgresStatement("LISTEN \(channel)"))
        try self.notify(connection, channel, "")
        try connection.script("NOTIFY \(channel), 'two'")
        var heard: [PostgresNotification] = []
        while heard.count < 2 {
            #expect(try connection.wait(timeout: nil) == .socket)
            heard += try connection.notifications()
        }
        #expect(heard.map(\.payload) == ["", "two"])
        #expect(try connection.run(PostgresStatement("SELECT 1")).count == 1)
    }

    @Test("A wait ends with the time, with the other file, or with both")
    func waiting() throws {
        let connection = try Server.connect()
        #expect(try connection.wait(timeout: .zero) == [])
        #expect(try connection.wait(timeout: .milliseconds(1)) == [])
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(try connection.wait(for: ends[0], timeout: .zero) == [])
        try #require(unsafe write(ends[1], "x", 1) == 1)
        #expect(try connection.wait(for: ends[0], timeout: nil) == .wakeup)
        let channel = Server.name()
        try connection.script("LISTEN \(channel)")
        try Server.connect().script("NOTIFY \(channel)")
        // What is in the pipe stays there.
        while try connection.wait(for: ends[0], timeout: nil) != [.wakeup, .socket] {}
        #expect(try connection.notifications().count == 1)
        #expect(try connection.wait(for: ends[0], timeout: nil) == .wakeup)
    }

    @Test("The end of the connection is noticed by who waits, with the reason")
    func end() throws {
        let channel = Server.name()
        let (listener, other) = (try Server.connect(), try Server.connect())
        try listener.script("LISTEN \(channel)")
        try other.script("NOTIFY \(channel), 'last'")
        // A session that is ended says nothing more; this has been said, and not read yet.
        #expect(try listener.wait(timeout: nil) == .socket)
        try other.script("SELECT pg_terminate_backend(\(listener.backendPID))")
        var heard: [PostgresNotification] = []
        var failure: PostgresError?
        while failure == nil {
            failure = error { () throws(PostgresError) in
                _ = try listener.wait(timeout: nil)
                heard += try listener.notifications()
            }
        }
        #expect(heard.map(\.payload) == ["last"])
        #expect(failure?.kind == .lost && failure?.state == "57P01")
        #expect(!listener.isUsable)
    }
}

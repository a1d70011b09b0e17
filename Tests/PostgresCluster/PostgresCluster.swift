#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A PostgreSQL server of a test's own, which may be stopped and killed.
///
/// Its files are in a temporary folder and go with this object; should the process end before, the server notices.
/// Calls wait until what they ask for has happened.
package final class PostgresCluster: Sendable {
    /// What the server is told to do, and does not.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How a server is stopped.
    package enum Stop: String, Sendable {
        /// Sessions end, transactions are rolled back, and all is written to the files.
        case fast
        /// All processes end at once; the next start replays the log.
        case immediate
    }

    /// The folder with all of it: `data`, `server.log`, and the socket.
    package let folder: String

    /// Where the server is, for a connection over its socket.
    package let url: String

    /// Whether a server can be started on this machine.
    package static var isPossible: Bool { (try? Self.run(["programs"])) != nil }

    /// Makes a server and starts it.
    /// - Parameter port: Where it listens on 127.0.0.1 as well, with passwords, and encryption for those who want it.
    package init(port: Int? = nil) throws(Failure) {
        let options = port.map { ["--port", "\($0)"] } ?? []
        self.folder = try Self.run(["start", "--for", "\(getpid())"] + options)
        self.url = try Self.run(["url", self.folder])
    }

    deinit {
        _ = try? Self.run(["stop", self.folder])
    }

    /// Starts it after it was stopped or killed, and waits until it lets clients in.
    package func start() throws(Failure) {
        try self.control("start")
    }

    /// Stops it, and leaves its files.
    package func stop(_ way: Stop) throws(Failure) {
        try self.control("stop", "-m", way.rawValue)
    }

    /// Stops it and starts it.
    package func restart(_ way: Stop = .fast) throws(Failure) {
        try self.control("restart", "-m", way.rawValue)
    }

    /// Kills all of its processes with a signal that they cannot catch, and leaves its files.
    package func kill() throws(Failure) {
        _ = try Self.run(["kill", self.folder])
    }

    /// Sets something in `postgresql.conf`; most settings are heeded at once, and some after a restart.
    package func set(_ setting: String, _ value: String) throws(Failure) {
        try self.append("\(setting) = '\(value)'\n", to: "postgresql.conf")
        try self.control("reload")
    }

    private func control(_ arguments: String...) throws(Failure) {
        _ = try Self.run(["ctl", self.folder] + arguments)
    }

    /// Adds a line to a file of the server's.
    private func append(_ line: String, to file: String) throws(Failure) {
        let path = "\(self.folder)/data/\(file)"
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(description: "'\(path)' cannot be written to") }
        defer { close(descriptor) }
        let bytes = Array(line.utf8)
        guard unsafe write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Failure(description: "'\(path)' cannot be written to")
        }
    }
}

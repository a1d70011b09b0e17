import Penstock

#if Postgres
import CPostgres
#endif

/// A word that somebody has sent with `NOTIFY`.
struct PostgresNotification: Equatable {
    let channel: String
    let payload: String
    /// The server's process for the connection that has sent it.
    let pid: Int32
}

/// What has ended a wait; nothing when the time was over first.
struct PostgresReadiness: OptionSet {
    let rawValue: UInt8

    /// The server has said something, or the connection has ended.
    static let socket = PostgresReadiness(rawValue: 1)
    /// The other file can be read.
    static let wakeup = PostgresReadiness(rawValue: 2)
}

/// What a connection hears that has said `LISTEN`.
extension PostgresConnection {
    /// Takes what was notified since the last call, after reading what the socket has; waits for nothing.
    ///
    /// What came before the connection was lost is still told; the call after that throws.
    func notifications() throws(PostgresError) -> [PostgresNotification] {
        if self.heard.isEmpty || self.isUsable {
            let handle = try unsafe self.usable()
            let isOpen = unsafe PQconsumeInput(handle) == 1
            self.hear()
            if !isOpen {
                let error = self.lose()
                if self.heard.isEmpty { throw error }
            }
        }
        defer { self.heard = [] }
        return self.heard
    }

    /// Waits until the socket can be read, or another file can, or the time is over.
    ///
    /// What was read already is waited for no longer. The calls that run statements must not be under way.
    ///
    /// - Parameters:
    ///   - wakeup: A file to wait for as well, such as an eventfd or the end of a pipe.
    ///   - timeout: How long at most; `nil` is for ever.
    func wait(for wakeup: Int32? = nil, timeout: Duration?) throws(PostgresError) -> PostgresReadiness {
        let handle = try unsafe self.usable()
        if !self.heard.isEmpty { return .socket }
        let deadline = Deadline(after: timeout)
        while true {
            let ready = PolledFile.wait(
                for: PolledFile(unsafe PQsocket(handle)),
                wakeup.map { PolledFile($0) },
                milliseconds: deadline.milliseconds()
            )
            var readiness: PostgresReadiness = []
            if ready.contains(.first) { readiness.insert(.socket) }
            if ready.contains(.second) { readiness.insert(.wakeup) }
            if !readiness.isEmpty || deadline.isOver { return readiness }
        }
    }

    /// Keeps the notifications that libpq has read.
    func hear() {
        while let notification = unsafe PQnotifies(self.handle) {
            self.heard.append(
                PostgresNotification(
                    channel: unsafe String(cString: notification.pointee.relname),
                    payload: unsafe String(cString: notification.pointee.extra),
                    pid: unsafe notification.pointee.be_pid
                )
            )
            unsafe PQfreemem(notification)
        }
    }
}

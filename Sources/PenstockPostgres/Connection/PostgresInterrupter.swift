import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Has a call that waits for the server fail at once, from any thread.
final class PostgresInterrupter: Sendable {
    private struct State {
        var isInterrupted = false
        /// A descriptor of its own for the connection's socket: libpq closes the other one as it sees fit, and its
        /// number may be another file's right afterwards.
        var socket: Int32?
    }

    private let state = Mutex(State())

    /// Whether ``interrupt()`` was called.
    var isInterrupted: Bool { self.state.withLock(\.isInterrupted) }

    /// Ends the connection: the call that waits throws ``PostgresError/Kind/lost``, and so does every one after it.
    ///
    /// A connection that is still being made is given up within a tenth of a second.
    func interrupt() {
        self.state.withLock { state in
            state.isInterrupted = true
            if let socket = state.socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// The connection was made, over this socket.
    /// - Returns: whether it can be interrupted; it cannot when the process has no descriptor left.
    func watch(_ socket: Int32) -> Bool {
        let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { return false }
        self.state.withLock { state in
            state.socket = own
            if state.isInterrupted { _ = shutdown(own, Int32(SHUT_RDWR)) }
        }
        return true
    }

    /// The connection is closed.
    func forget() {
        self.state.withLock { state in
            if let socket = state.socket.take() { close(socket) }
        }
    }
}

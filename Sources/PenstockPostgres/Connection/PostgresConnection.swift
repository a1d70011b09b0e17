import Penstock

#if Postgres
import CPostgres
#endif

/// One connection to a server, which belongs to one thread: that thread waits in its calls.
///
/// Statements are gathered into a batch by ``send(_:_:)``, and ``finish()`` has the server do them in one go. A
/// transaction begins with `BEGIN` and ends with `COMMIT`, in the same batch or in several; a batch without them is one
/// by itself. When the connection breaks, the call that notices throws, and so does every later one; a new connection
/// has to be made then.
@safe
final class PostgresConnection {
    /// Where it leads.
    let address: PostgresAddress

    /// Ends the connection from another thread.
    let interrupter: PostgresInterrupter

    /// Whether statements are compiled once and kept by the server, or sent whole each time.
    ///
    /// It is off behind a pool that gives each transaction another connection, as pgbouncer can do.
    var keepsStatements = true

    /// The longest a batch may take before the connection is given up; `nil` for ever.
    ///
    /// The server may go on with it nevertheless.
    var timeLimit: Duration?

    /// What libpq knows the connection by; `nil` once it is closed.
    var handle: OpaquePointer?
    /// Why the connection is closed.
    var loss: PostgresError?
    let notices = ServerNotices()

    /// The batch that is being built.
    var batch: [PostgresRequest] = []
    /// The statements that the server has, or will have with their first use.
    var kept: [ObjectIdentifier: KeptStatement] = [:]
    /// How many names were given to statements; they are not given again.
    var names = 0
    /// What the names begin with.
    ///
    /// Where a pool is in the way, and nobody has said so, a name that another connection gives as well would be
    /// another statement.
    let prefix = "p" + String(UInt64.random(in: 0..<1 << 48), radix: 36) + "_"
    /// What was notified and not asked for yet.
    var heard: [PostgresNotification] = []
    let arguments = PostgresArguments()

    /// How many statements the server keeps for a connection; what comes after them is sent whole each time.
    static let keptLimit = 512

    /// Makes a connection.
    ///
    /// Looking up the name of the server may take longer than `timeout`, since the system cannot be hurried.
    ///
    /// - Parameters:
    ///   - address: Where to; what it sets goes before what is set here.
    ///   - name: What the server shows as `application_name`, unless the address or the environment has another one.
    ///   - timeout: How long it may take until the server is ready, over all hosts of the address; its
    ///     `connect_timeout` goes before.
    ///   - interrupter: Ends the wait for the connection, and then the connection itself, from another thread.
    init(
        _ address: PostgresAddress,
        name: String,
        timeout: Duration,
        interrupter: PostgresInterrupter = PostgresInterrupter()
    ) throws(PostgresError) {
        self.address = address
        self.interrupter = interrupter
        try self.connect(name: name, deadline: Deadline(after: address.timeout ?? timeout))
    }

    deinit {
        self.close()
    }

    /// Closes the connection; an open transaction is rolled back.
    func close() {
        guard let handle = unsafe self.handle else { return }
        if self.loss == nil { self.loss = PostgresError(.lost, "the connection is closed") }
        unsafe self.handle = nil
        self.batch = []
        self.kept = [:]
        unsafe PQfinish(handle)
        self.interrupter.forget()
    }

    // MARK: State

    /// Whether the connection is open, as far as it is known.
    var isUsable: Bool { unsafe self.handle != nil }

    /// The version of the server as one number: 150018 is 15.18.
    var serverVersion: Int32 { unsafe PQserverVersion(self.handle) }

    /// The server's process for this connection, as `pg_stat_activity` has it.
    var backendPID: Int32 { unsafe PQbackendPID(self.handle) }

    /// The descriptor of the socket; -1 once the connection is closed.
    var socket: Int32 { unsafe PQsocket(self.handle) }

    /// What state a transaction of this connection is in.
    enum TransactionState {
        /// There is none.
        case none
        /// It is open.
        case open
        /// It is open and has failed: it can be rolled back, whole or to a savepoint, and that is all.
        case failed
    }

    /// What state the transaction is in between two batches.
    var transaction: TransactionState {
        switch unsafe PQtransactionStatus(self.handle) {
        case PQTRANS_INERROR: .failed
        case PQTRANS_INTRANS, PQTRANS_ACTIVE: .open
        default: .none
        }
    }

    /// Ends an open transaction, failed or not, without its changes.
    func rollBack() throws(PostgresError) {
        if self.transaction != .none { _ = try self.run(.rollBack) }
    }

    // MARK: Losing it

    /// The handle, or the error that there is none.
    func usable() throws(PostgresError) -> OpaquePointer {
        guard let handle = unsafe self.handle else {
            throw self.loss ?? PostgresError(.lost, "the connection is closed")
        }
        return unsafe handle
    }

    /// What libpq says of the last thing that failed.
    var complaint: String { unsafe PQerrorMessage(self.handle).map { unsafe String(cString: $0) } ?? "" }

    /// Closes the connection because it has broken.
    func lose(at index: Int? = nil) -> PostgresError {
        var error: PostgresError
        if self.interrupter.isInterrupted {
            error = PostgresError(.lost, "the connection was interrupted by this program")
        } else if let farewell = self.notices.farewell {
            error = farewell.error(.lost)
        } else {
            let words = self.complaint.inOneLine
            error = PostgresError(.lost, words.isEmpty ? "the connection broke" : words)
        }
        error.index = index
        return self.giveUp(error)
    }

    /// Closes the connection for the reason that is given.
    func giveUp(_ error: PostgresError) -> PostgresError {
        self.loss = error
        self.close()
        return error
    }
}

extension PostgresStatement {
    /// Rolls the transaction back.
    static let rollBack = PostgresStatement("ROLLBACK", isKept: false)
}

import Penstock

#if Postgres
import CPostgres
#endif

/// How a connection is made.
extension PostgresConnection {
    /// The oldest server whose SQL the store may use.
    private static let oldestVersion: Int32 = 13

    /// How long the wait for a connection may not notice that it was interrupted, in milliseconds.
    private static let slice: Int32 = 100

    /// Makes the connection and readies it for batches.
    func connect(name: String, deadline: Deadline) throws(PostgresError) {
        unsafe self.handle = unsafe self.start(name)
        guard let handle = unsafe self.handle else {
            throw self.refusal("there is not enough memory, or this program was built without libpq")
        }
        // For the states of errors, which libpq does not give otherwise before there is a connection.
        unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        unsafe PQsetNoticeReceiver(handle, ServerNotices.receiver, Unmanaged.passUnretained(self.notices).toOpaque())
        try self.establish(deadline)
        unsafe PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        guard unsafe PQsetnonblocking(handle, 1) == 0, unsafe PQenterPipelineMode(handle) == 1 else {
            throw self.refusal("libpq does not take the connection")
        }
        guard self.interrupter.watch(self.socket) else { throw self.refusal("this process has too many files open") }
        try self.checkServer()
    }

    private func start(_ name: String) -> OpaquePointer? {
        // What stands before the address is overridden by it, what stands behind it is not.
        let settings = [
            ("fallback_application_name", name),
            // A server that is gone without a word is noticed after a minute, and not after two hours.
            ("keepalives_idle", "30"),
            ("keepalives_interval", "10"),
            ("keepalives_count", "3"),
            ("dbname", self.address.text),
            ("client_encoding", "UTF8"),
        ]
        return unsafe Self.withWords(settings.map(\.0)) { names in
            unsafe Self.withWords(settings.map(\.1)) { values in unsafe PQconnectStartParams(names, values, 1) }
        }
    }

    /// Lends words as C has them, with a null pointer behind the last.
    private static func withWords<Result>(
        _ words: [String],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let text = words.flatMap { Array($0.utf8CString) }
        var starts = [0]
        for word in words { starts.append(starts[starts.count - 1] + word.utf8.count + 1) }
        return unsafe text.withUnsafeBufferPointer { text in
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            for start in starts.dropLast() { unsafe pointers.append(text.baseAddress.map { unsafe $0 + start }) }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }

    private func establish(_ deadline: Deadline) throws(PostgresError) {
        guard unsafe PQstatus(self.handle) != CONNECTION_BAD else { throw self.refusal() }
        var forWriting = true
        while true {
            let socket = PolledFile(unsafe PQsocket(self.handle), reading: !forWriting, writing: forWriting)
            // Asked too early, libpq takes a connection for made that is not.
            while PolledFile.wait(for: socket, milliseconds: deadline.milliseconds(atMost: Self.slice)).isEmpty {
                guard !self.interrupter.isInterrupted else { throw self.refusal("it was interrupted by this program") }
                guard !deadline.isOver else { throw self.refusal("there was no answer in time") }
            }
            switch unsafe PQconnectPoll(self.handle) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: forWriting = false
            case PGRES_POLLING_WRITING: forWriting = true
            default: throw self.refusal()
            }
        }
    }

    /// Refuses a server that a store could not live on.
    private func checkServer() throws(PostgresError) {
        let version = self.serverVersion / 10_000
        guard version >= Self.oldestVersion else {
            throw self.giveUp(
                PostgresError(
                    .invalid,
                    "the server of \(self.address) is PostgreSQL \(version): take \(Self.oldestVersion) or later"
                )
            )
        }
        let encoding = unsafe PQparameterStatus(self.handle, "server_encoding").map { unsafe String(cString: $0) }
        guard encoding == nil || encoding == "UTF8" else {
            throw self.giveUp(
                PostgresError(
                    .invalid,
                    "\(self.address) keeps text as \(encoding ?? ""): create a database with ENCODING 'UTF8'"
                )
            )
        }
    }

    /// Gives up what has not become a connection, for a reason or for what libpq says.
    private func refusal(_ reason: String? = nil) -> PostgresError {
        var words = reason ?? self.complaint
        var state: String?
        // «FATAL:  28P01: password authentication failed …», in the language of the server.
        if let match = words.firstMatch(of: /:  ([0-9A-Z]{5}):\s/) {
            state = String(match.1)
            words.replaceSubrange(match.range, with: ": ")
        } else if reason == nil, unsafe PQconnectionNeedsPassword(self.handle) == 1 {
            // What the server would have said to a wrong one.
            state = "28P01"
        }
        return self.giveUp(
            PostgresError(.refused, "cannot connect to \(self.address): \(words.inOneLine)", state: state)
        )
    }
}

import PenstockThreads
import Synchronization

#if canImport(Glibc)
import Glibc

private let stream = Int32(SOCK_STREAM.rawValue)
private let noSignal = Int32(MSG_NOSIGNAL)
#else
import Darwin

private let stream = SOCK_STREAM
// Whoever writes to a socket that was closed gets a signal then.
private let noSignal: Int32 = 0
#endif

/// Something that listens on a port of 127.0.0.1, and does to those who connect what a network does.
final class Proxy: Sendable {
    /// How a connection is cut.
    enum Cut: Sendable {
        /// Both sides learn that there is nothing more to come.
        case ended
        /// Both sides learn that the connection is no more.
        case reset
    }

    /// What becomes of a connection.
    enum Conduct: Sendable {
        /// It is accepted, and nothing more is ever heard.
        case silent
        /// It is sent these bytes once it has said something, and is then silent.
        case says([UInt8])
        /// It is led to a server's socket, and cut once so many bytes have come from the client or from the server.
        case leads(to: String, fromClient: Int, fromServer: Int, Cut)
    }

    /// Where it listens.
    let port: Int
    private let listener: Int32
    private let conduct: Mutex<Conduct>
    /// How many bytes have come from the client, and from the server, over the last connection.
    private let counts = Mutex((fromClient: 0, fromServer: 0))

    /// Begins to listen.
    init(_ conduct: Conduct) throws {
        self.conduct = Mutex(conduct)
        self.listener = socket(AF_INET, stream, 0)
        _ = fcntl(self.listener, F_SETFD, FD_CLOEXEC)
        self.port = try Self.listen(self.listener)
        let listener = self.listener
        let code = SystemThread.start("proxy") { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                self?.serve(client)
                close(client)
            }
            close(listener)
        }
        precondition(code == 0, "there is no thread for a proxy")
    }

    deinit {
        // The thread is waiting there.
        shutdown(self.listener, Int32(SHUT_RDWR))
    }

    /// A port that nobody listens on, until somebody else takes it.
    static func freePort() throws -> Int {
        let listener = socket(AF_INET, stream, 0)
        defer { close(listener) }
        return try Self.listen(listener)
    }

    /// The address of the server behind it, with no encryption.
    func url(user: String = "penstock") -> String {
        "postgresql://\(user)@127.0.0.1:\(self.port)/postgres?sslmode=disable&gssencmode=disable"
    }

    /// Does something else with the connections to come.
    func turn(to conduct: Conduct) {
        self.conduct.withLock { $0 = conduct }
    }

    /// How many bytes have come from the client, and from the server, over the last connection.
    var lastCounts: (fromClient: Int, fromServer: Int) { self.counts.withLock { $0 } }

    // MARK: One connection

    private func serve(_ client: Int32) {
        switch self.conduct.withLock({ $0 }) {
        case .silent: while Self.read(client, atMost: 4096) != nil {}
        case .says(let bytes):
            _ = Self.read(client, atMost: 4096)
            Self.write(bytes[...], to: client)
            while Self.read(client, atMost: 4096) != nil {}
        case .leads(let path, let fromClient, let fromServer, let cut):
            guard let server = Self.connect(to: path) else { return }
            self.lead(client, server, fromClient, fromServer)
            if cut == .reset {
                var linger = linger(l_onoff: 1, l_linger: 0)
                for end in [client, server] {
                    let size = socklen_t(MemoryLayout.size(ofValue: linger))
                    unsafe setsockopt(end, SOL_SOCKET, SO_LINGER, &linger, size)
                }
            }
            close(server)
        }
    }

    /// Hands on what comes from both sides, until one ends or a count is reached.
    private func lead(_ client: Int32, _ server: Int32, _ fromClient: Int, _ fromServer: Int) {
        var left = [fromClient, fromServer]
        self.counts.withLock { $0 = (0, 0) }
        while left[0] > 0, left[1] > 0 {
            var files = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&files, 2, -1) > 0 else { continue }
            for side in 0..<2 where files[side].revents != 0 {
                guard let bytes = Self.read(files[side].fd, atMost: min(left[side], 4096)) else { return }
                Self.write(bytes, to: files[1 - side].fd)
                left[side] -= bytes.count
            }
            self.counts.withLock { $0 = (fromClient - left[0], fromServer - left[1]) }
        }
    }

    // MARK: Sockets

    private static func listen(_ listener: Int32) throws -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout.size(ofValue: address))
        let code = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(listener, address, size) == 0 else { return Int32(-1) }
                return unsafe getsockname(listener, address, &size)
            }
        }
        struct NoPort: Error {}
        guard code == 0, Self.startListening(listener) == 0 else { throw NoPort() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func startListening(_ listener: Int32) -> Int32 {
        #if canImport(Glibc)
        Glibc.listen(listener, 16)
        #else
        Darwin.listen(listener, 16)
        #endif
    }

    private static func connect(to path: String) -> Int32? {
        let descriptor = socket(AF_UNIX, stream, 0)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout.size(ofValue: address))
        let code = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                #if canImport(Glibc)
                unsafe Glibc.connect(descriptor, address, size)
                #else
                unsafe Darwin.connect(descriptor, address, size)
                #endif
            }
        }
        if code == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// Reads what there is; `nil` at the end.
    private static func read(_ descriptor: Int32, atMost count: Int) -> ArraySlice<UInt8>? {
        var bytes = [UInt8](repeating: 0, count: count)
        let count = unsafe recv(descriptor, &bytes, count, 0)
        return count > 0 ? bytes.prefix(count) : nil
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
        var rest = Array(bytes)
        while !rest.isEmpty {
            let count = unsafe send(descriptor, rest, rest.count, noSignal)
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }
}

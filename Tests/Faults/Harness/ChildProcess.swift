import Penstock

#if canImport(Glibc)
import Glibc
#endif

/// A worker in a process of its own, whose standard output is read line by line.
///
/// Nothing waits for one longer than a minute, which is a hundred times as long as its work takes: whoever waits is
/// told ``Silence``, and a process that nobody refers to any more is killed.
final class ChildProcess {
    let pid: pid_t
    private let output: Int32
    private var buffer: [UInt8] = []
    private var isGone = false
    /// Hears every line, also those that nobody waits for any more when the process is killed.
    private let heard: (String) -> Void

    /// What the wait for a line came to.
    enum News: Equatable {
        case line(String)
        /// The process has closed its output.
        case end
        /// The time was over first.
        case nothing
    }

    /// How long anybody waits for a process.
    private static let patience = Duration.seconds(60)

    /// How a process ended.
    enum Exit: Equatable {
        case code(Int32)
        case signal(Int32)
    }

    /// The process has said nothing for a minute.
    struct Silence: Error, CustomStringConvertible {
        let pid: pid_t

        var description: String { "process \(self.pid) hangs: it has said nothing for a minute, and was killed" }
    }

    /// Starts this program as a worker.
    ///
    /// - Parameters:
    ///   - arguments: The kind of worker, and what it wants to know.
    ///   - wrapper: A command that starts the worker in its turn, in the same process, as `strace -D` does.
    ///   - log: A file to which its standard error is added.
    ///   - heard: Hears every line, also those that nobody waits for any more when the process is killed.
    init(
        _ arguments: [String],
        under wrapper: [String] = [],
        log: String,
        heard: @escaping (String) -> Void = { _ in }
    ) throws {
        self.heard = heard
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Unexpected("there is no pipe: \(Files.reason)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        let command = wrapper + [Self.program, "worker"] + arguments
        var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = unsafe Self.environment.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe words.indices { unsafe free(words[index]) }
            for index in unsafe settings.indices { unsafe free(settings[index]) }
        }
        var pid: pid_t = 0
        let code = unsafe posix_spawnp(&pid, command[0], &actions, nil, &words, &settings)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw Unexpected("'\(command[0])' cannot be started: \(unsafe String(cString: strerror(code)))")
        }
        self.pid = pid
        self.output = ends[0]
    }

    deinit {
        if !self.isGone { self.kill() }
    }

    /// The path of this program.
    static let program: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        return String(decoding: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// A crash is part of the work here, and nobody reads its picture.
    private static let environment: [String] = {
        var settings = ["SWIFT_BACKTRACE=enable=no"]
        var place = unsafe environ
        while let setting = unsafe place.pointee {
            settings.append(unsafe String(cString: setting))
            unsafe place += 1
        }
        return settings
    }()

    /// Waits for the next line, no longer than `limit`.
    func news(within limit: Duration) -> News {
        let end = ContinuousClock.now + limit
        while true {
            if let line = self.bufferedLine() { return .line(line) }
            guard !self.isGone else { return .end }
            switch self.read(within: ContinuousClock.now.duration(to: end)) {
            case .some(true): continue
            case .some(false): return .end
            case nil: return .nothing
            }
        }
    }

    private func bufferedLine() -> String? {
        guard let end = self.buffer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: self.buffer[..<end], as: UTF8.self)
        self.buffer.removeFirst(end + 1)
        self.heard(line)
        return line
    }

    /// Reads on.
    /// - Returns: whether there was something; `nil` when there is nothing yet.
    private func read(within limit: Duration) -> Bool? {
        let end = ContinuousClock.now + limit
        while true {
            let left = max(ContinuousClock.now.duration(to: end), .zero)
            var source = pollfd(fd: self.output, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&source, 1, Int32(clamping: left.wholeMilliseconds))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = unsafe Glibc.read(self.output, &chunk, chunk.count)
            self.buffer += chunk.prefix(max(count, 0))
            return count > 0
        }
    }

    /// Waits for the next line; `nil` when the process has closed its output.
    func line() throws -> String? {
        switch self.news(within: Self.patience) {
        case .line(let line): return line
        case .end: return nil
        case .nothing:
            self.kill()
            throw Silence(pid: self.pid)
        }
    }

    /// Waits for a line that begins in a certain way; others are passed over.
    /// - Throws: when the process ends first, or says that it has failed.
    @discardableResult
    func line(_ beginning: String) throws -> String {
        var last = ""
        let limit = ContinuousClock.now + Self.patience
        while .now < limit, let line = try self.line() {
            if line.hasPrefix(beginning) { return line }
            last = line
            if line.hasPrefix("error") { break }
        }
        throw Unexpected("process \(self.pid) did not say '\(beginning)', but at last '\(last)'")
    }

    /// Listens for so long, or until the process has closed its output.
    func listen(for time: Duration) {
        self.listen(for: time) { _ in }
    }

    /// Does something with each line that comes in so long a time.
    func listen(for time: Duration, _ body: (String) throws -> Void) rethrows {
        let end = ContinuousClock.now + time
        while case .line(let line) = self.news(within: ContinuousClock.now.duration(to: end)) { try body(line) }
    }

    /// Sets a limit of the process, as `prlimit` names it; what it was before can be set again.
    func limit(_ setting: String) throws {
        guard Self.run(["prlimit", "--pid", "\(self.pid)", "--\(setting):unlimited"]) else {
            throw Unavailable(reason: "prlimit is missing, or may not set limits here")
        }
    }

    /// Sends a signal.
    func signal(_ number: Int32) {
        if !self.isGone { _ = Glibc.kill(self.pid, number) }
    }

    /// Kills the process with a signal that it cannot catch, waits until it is gone, and hears what it had said.
    func kill() {
        self.signal(SIGKILL)
        _ = self.reap()
        while self.bufferedLine() != nil {}
    }

    /// Waits for the end of the process.
    func exit() throws -> Exit {
        let limit = ContinuousClock.now + Self.patience
        while try self.line() != nil {
            guard .now < limit else { throw Unexpected("process \(self.pid) does not end, and was killed") }
        }
        return self.reap()
    }

    private func reap() -> Exit {
        guard !self.isGone else { return .signal(SIGKILL) }
        self.isGone = true
        var status: Int32 = 0
        while unsafe waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
        // What it had said is there still. A copy of it may have the other end open, so there may never be an end.
        while self.read(within: .zero) == true {}
        close(self.output)
        return status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
    }

    /// Runs a command of the system and waits for it.
    /// - Returns: whether it succeeded.
    static func run(_ command: [String]) -> Bool {
        var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var pid: pid_t = 0
        guard unsafe posix_spawnp(&pid, command[0], nil, nil, &words, environ) == 0 else { return false }
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}

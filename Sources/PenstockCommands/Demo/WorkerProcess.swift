import FoundationEssentials
import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Another process of this program, and what it says.
final class WorkerProcess {
    private let id: pid_t
    private let descriptor: Int32
    private var text: [UInt8] = []
    private var hasEnded = false

    /// Starts this program once more, with other arguments.
    init(arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Self.failure("no pipe", errno) }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        // Threads of a pool take no signals, and a process inherits that from the thread that starts it.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let words = ([CommandLine.arguments.first ?? "penstock"] + arguments)
        let variables = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
        var id: pid_t = 0
        let code = unsafe Self.withCStrings(words) { argv in
            unsafe Self.withCStrings(variables) { envp in
                unsafe posix_spawn(&id, Self.program, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else {
            close(ends[0])
            throw Self.failure("the worker cannot be started", code)
        }
        self.id = id
        self.descriptor = ends[0]
    }

    deinit {
        if !self.hasEnded {
            self.kill()
            _ = self.wait()
        }
        close(self.descriptor)
    }

    /// The next line that the process says; `nil` when it says no more.
    ///
    /// It blocks the thread: the process that watches has nothing else to do.
    func line() throws -> String? {
        while true {
            if let end = self.text.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: self.text[..<end], as: UTF8.self)
                self.text.removeFirst(end + 1)
                return line
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            try Interrupts.wait(for: self.descriptor)
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(self.descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            self.text += buffer.prefix(count)
        }
    }

    /// Kills the process, which learns nothing of it.
    func kill() {
        #if canImport(Glibc)
        _ = Glibc.kill(self.id, SIGKILL)
        #else
        _ = Darwin.kill(self.id, SIGKILL)
        #endif
    }

    /// Waits for the end of the process.
    /// - Returns: its exit code; 128 and the signal's number when it was killed; -1 when nobody knows.
    func wait() -> Int32 {
        var status: Int32 = 0
        var id = pid_t(-1)
        repeat { id = unsafe waitpid(self.id, &status, 0) } while id < 0 && errno == EINTR
        self.hasEnded = true
        guard id == self.id else { return -1 }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    // MARK: The system

    private static var program: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments.first ?? ""
    }

    private static func failure(_ what: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.inputOutput, "\(what): \(unsafe String(cString: strerror(code)))")
    }

    /// Lends strings to C, as a list that ends with a null pointer.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (place, string) in strings.enumerated() { unsafe list[place] = strdup(string) }
        unsafe list[strings.count] = nil
        defer {
            for place in strings.indices { unsafe free(list[place]) }
            unsafe list.deallocate()
        }
        return unsafe body(list)
    }
}

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A child process whose standard output is read line by line, and which is killed with real signals.
struct ChildProcess: ~Copyable {
    let pid: pid_t
    private let output: Int32
    private var buffer: [UInt8] = []

    struct SpawnError: Error {
        let code: Int32
    }

    /// Starts an executable that was built beside the tests.
    init(_ name: String, _ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SpawnError(code: errno) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[0])
        unsafe posix_spawn_file_actions_addclose(&actions, ends[1])
        let path = Self.buildFolder + "/" + name
        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var pid: pid_t = 0
        let code = unsafe posix_spawn(&pid, path, &actions, nil, &words, environ)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw SpawnError(code: code)
        }
        self.pid = pid
        self.output = ends[0]
    }

    /// The folder that holds the test bundle and the executables.
    private static var buildFolder: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        let exe = String(decoding: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The tests may be run by a helper of the toolchain; its first argument then names the bundle.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? exe
        return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }

    /// The process has said nothing for a minute, which is a hundred times as long as its work takes.
    struct Silence: Error {
        let pid: pid_t
    }

    /// Waits for the next line; `nil` when the process has closed its output.
    /// - Throws: ``Silence``, so that a process that hangs fails its test instead of hanging that, too.
    mutating func line() throws -> String? {
        while true {
            if let end = self.buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { self.buffer.removeFirst(end + 1) }
                return String(decoding: self.buffer[..<end], as: UTF8.self)
            }
            var source = pollfd(fd: self.output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&source, 1, 60_000) != 0 else {
                _ = Glibc.kill(self.pid, SIGKILL)
                throw Silence(pid: self.pid)
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(self.output, &chunk, chunk.count)
            guard count > 0 else { return nil }
            self.buffer += chunk.prefix(count)
        }
    }

    /// Kills the process with a signal that it cannot catch, and waits until it is gone.
    consuming func kill() {
        _ = Glibc.kill(self.pid, SIGKILL)
        _ = self.wait()
    }

    /// Kills the process with a signal that it cannot catch, and returns what it had still said; the last line may be
    /// torn.
    consuming func killed() throws -> String {
        _ = Glibc.kill(self.pid, SIGKILL)
        var lines: [String] = []
        while let line = try self.line() { lines.append(line + "\n") }
        let torn = String(decoding: self.buffer, as: UTF8.self)
        _ = self.wait()
        return lines.joined() + torn
    }

    /// Waits for the end of the process and returns its raw status.
    consuming func wait() -> Int32 {
        var status: Int32 = 0
        _ = unsafe waitpid(self.pid, &status, 0)
        close(self.output)
        return status
    }
}

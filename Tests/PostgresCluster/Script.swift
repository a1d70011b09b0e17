#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension PostgresCluster {
    /// The script that does it all, in the tree that this was built from.
    private static let script =
        #filePath
        .split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(3)
        .joined(separator: "/") + "/scripts/postgres"

    /// Runs `scripts/postgres` and waits for it.
    /// - Returns: the last line that it has printed.
    static func run(_ arguments: [String]) throws(Failure) -> String {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Failure(description: "there is no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let pid = self.spawn([self.script] + arguments, output: ends[1])
        close(ends[1])
        guard let pid else { throw Failure(description: "'\(self.script)' cannot be started") }
        let output = self.lines(ends[0])
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            let command = (["scripts/postgres"] + arguments).joined(separator: " ")
            throw Failure(description: "'\(command)' failed: \(output.joined(separator: "; "))")
        }
        return output.last ?? ""
    }

    /// Starts a command whose output and errors go to a file.
    private static func spawn(_ command: [String], output: Int32) -> pid_t? {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var pid: pid_t = 0
        guard unsafe posix_spawn(&pid, command[0], &actions, nil, &words, environ) == 0 else { return nil }
        return pid
    }

    /// The lines of a file, up to its end.
    private static func lines(_ descriptor: Int32) -> [String] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }
}

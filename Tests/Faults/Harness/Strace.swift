/// Faults in single system calls, done by `strace`.
enum Strace {
    /// The command that has a worker killed, or one of its calls fail.
    ///
    /// The worker stays the child of this process: with `-D` it is the tracer that is the grandchild. Calls are counted
    /// for each thread by itself.
    /// - Parameters:
    ///   - fault: What happens, such as `fdatasync:error=EIO:when=3`.
    ///   - seen: Other calls that are to be in the log.
    static func command(_ fault: String, alsoTracing seen: [String] = [], log: String) -> [String] {
        let call = fault.prefix { $0 != ":" }
        // With a filter in the kernel strace is quick, but does not send the signals that it is asked for.
        return ["strace"] + (fault.contains("signal=") ? [] : ["--seccomp-bpf"]) + [
            "-D", "-f", "-qq", "-y", "-s", "256", "-o", log, "-e", "signal=none", "-e", "inject=\(fault)",
            "-e", "trace=\(([String(call)] + seen).joined(separator: ","))",
        ]
    }

    /// The command that only counts.
    static func counting(_ calls: [String], log: String) -> [String] {
        [
            "strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", log, "-e", "signal=none",
            "-e", "trace=\(calls.joined(separator: ","))",
        ]
    }

    /// Whether it is there, and may trace.
    static func check() throws {
        guard ChildProcess.run(["strace", "-qq", "-f", "-o", "/dev/null", "true"]) else {
            throw Unavailable(reason: "strace is missing, or may not trace here")
        }
    }

    /// Whether a process that ends because of a call that failed says so.
    ///
    /// SQLite does not tell a page that cannot be read from one that is damaged.
    static func isClear(_ line: String) -> Bool {
        line.contains("storeUnavailable") || line.contains("or the disk fails to read it")
    }

    /// How often a fault was done, by the log.
    static func faults(in log: String) -> Int {
        Files.text(log).split(separator: "\n").count { $0.hasSuffix("(INJECTED)") }
    }
}

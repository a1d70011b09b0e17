import PenstockThreads
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Ctrl-C, for a command that has something to put away first.
enum Interrupts {
    /// Somebody pressed Ctrl-C.
    struct Interruption: Error {}

    /// The ends of a pipe that a signal writes into; -1 while nobody listens.
    private static let reader = Atomic<Int32>(-1)
    private static let writer = Atomic<Int32>(-1)

    /// From here on Ctrl-C ends ``wait(for:)`` instead of the process.
    static func listen() {
        var ends: [Int32] = [0, 0]
        guard self.reader.load(ordering: .relaxed) < 0, unsafe pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.reader.store(ends[0], ordering: .relaxed)
        self.writer.store(ends[1], ordering: .releasing)
        for number in [SIGINT, SIGTERM] {
            _ = signal(number) { number in
                // Errors of a call that it came in between of are not the handler's to change.
                let error = errno
                defer { errno = error }
                var byte = UInt8(truncatingIfNeeded: number)
                unsafe _ = write(Interrupts.writer.load(ordering: .acquiring), &byte, 1)
            }
        }
    }

    /// Waits until a descriptor can be read from.
    /// - Throws: ``Interruption``.
    static func wait(for descriptor: Int32) throws {
        let signals = self.reader.load(ordering: .relaxed)
        var watched = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        ]
        while unsafe poll(&watched, signals < 0 ? 1 : 2, -1) < 0, errno == EINTR {}
        if watched[1].revents != 0 { throw Interruption() }
    }

    /// Runs `body` on Ctrl-C, and ends the process then.
    ///
    /// It takes a thread of its own, so that none of those that work is missing.
    static func whenInterrupted(_ body: @escaping @Sendable () -> Void) {
        self.listen()
        _ = SystemThread.start("interrupts", stack: Self.stack) {
            // Nothing is ever written to this descriptor: the wait ends with an interruption only.
            do { try Interrupts.wait(for: -1) } catch { body() }
            Interrupts.end()
        }
    }

    /// The bytes of the stack of whoever listens.
    private static let stack = 1 << 18

    // MARK: Listening to each of them

    private struct Listeners {
        var next = 0
        var all: [Int: @Sendable (Int32) -> Void] = [:]
        var hasThread = false
    }

    private static let listeners = Mutex(Listeners())

    /// Runs `body`, and has `hear` hear of each signal meanwhile, on a thread of its own.
    ///
    /// With nobody left to hear of it, a signal ends the process again.
    static func listening<Result>(
        _ hear: @escaping @Sendable (Int32) -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        self.listen()
        let (place, needsThread) = self.listeners.withLock { state in
            state.next += 1
            state.all[state.next] = hear
            defer { state.hasThread = true }
            return (state.next, !state.hasThread)
        }
        defer { self.listeners.withLock { $0.all[place] = nil } }
        if needsThread {
            let code = SystemThread.start("signals", stack: Self.stack) { Interrupts.serve() }
            guard code == 0 else { throw CommandFailure(.failure, "no thread can be started any more: end some") }
        }
        return try await body()
    }

    private static func serve() -> Never {
        while true {
            var byte: UInt8 = 0
            let count = unsafe read(self.reader.load(ordering: .relaxed), &byte, 1)
            if count < 0, errno == EINTR { continue }
            let all = self.listeners.withLock { Array($0.all.values) }
            guard count == 1, !all.isEmpty else { self.end() }
            for hear in all { hear(Int32(byte)) }
        }
    }

    /// Ends the process as Ctrl-C would have, so that the shell knows.
    static func end() -> Never {
        _ = signal(SIGINT, SIG_DFL)
        // To the process: threads that serve a pool do not take signals.
        _ = kill(getpid(), SIGINT)
        _ = sleep(1)
        exit(130)
    }
}

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A pipe by which any thread wakes the one that waits for a socket.
final class Wakeup: Sendable {
    /// The end that becomes readable.
    let reader: Int32
    private let writer: Int32

    /// Makes one; `nil` when the process has no descriptors left.
    init?() {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        (self.reader, self.writer) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(self.reader)
        close(self.writer)
    }

    /// Wakes the thread, now or as soon as it waits.
    func signal() {
        var byte: UInt8 = 0
        // A pipe that is full wakes it as well.
        _ = unsafe write(self.writer, &byte, 1)
    }

    /// Waits for a signal, no longer than `duration`.
    func wait(for duration: Duration) {
        var file = pollfd(fd: self.reader, events: Int16(POLLIN), revents: 0)
        let (seconds, attoseconds) = duration.components
        _ = unsafe poll(&file, 1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    /// Forgets the signals that have come.
    func clear() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while unsafe read(self.reader, &bytes, bytes.count) > 0 {}
    }
}

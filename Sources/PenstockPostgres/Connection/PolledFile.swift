#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file, and what of it is waited for.
struct PolledFile {
    private let file: pollfd

    /// Names a file by its descriptor.
    init(_ descriptor: Int32, reading: Bool = true, writing: Bool = false) {
        let events = (reading ? Int16(POLLIN) : 0) | (writing ? Int16(POLLOUT) : 0)
        self.file = pollfd(fd: descriptor, events: events, revents: 0)
    }

    /// Which of two files is ready.
    struct Ready: OptionSet {
        let rawValue: UInt8

        static let first = Ready(rawValue: 1)
        static let second = Ready(rawValue: 2)
    }

    /// Waits until a file is ready, has ended or has failed.
    /// - Parameter milliseconds: How long to wait at most; negative is for ever.
    /// - Returns: what is ready; nothing when the time is over, or a signal has come.
    static func wait(for first: PolledFile, _ second: PolledFile? = nil, milliseconds: Int32) -> Ready {
        // What is negative is passed over.
        var files = [first.file, second?.file ?? pollfd(fd: -1, events: 0, revents: 0)]
        guard unsafe poll(&files, nfds_t(files.count), milliseconds) > 0 else { return [] }
        var ready: Ready = []
        if files[0].revents != 0 { ready.insert(.first) }
        if files[1].revents != 0 { ready.insert(.second) }
        return ready
    }
}

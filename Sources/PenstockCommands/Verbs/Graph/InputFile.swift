import PenstockFlow

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file, a pipe or a terminal that items are read from, by somebody who may be told to stop while he waits.
final class InputFile: Sendable {
    private static let chunk = 1 << 16

    /// How messages speak of it.
    let name: String
    private let descriptor: Int32
    private let isOwned: Bool
    /// The ends of a pipe: what is written into it ends a wait.
    private let stopReader: Int32
    private let stopWriter: Int32
    /// A thread that may be kept waiting, so that none of those that work is.
    private let executor = FlowExecutor(threads: 1)

    /// Opens a file, or takes standard input when none is named.
    init(_ path: String?) throws {
        self.name = path.map { "'\(PlainText($0).text)'" } ?? "standard input"
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Self.failure("no pipe can be made", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let descriptor = path.map { unsafe open($0, O_RDONLY | O_CLOEXEC) } ?? 0
        let code = errno
        guard descriptor >= 0 else {
            for end in ends { close(end) }
            guard code == ENOENT else { throw Self.failure("\(self.name) cannot be opened", code) }
            throw CommandFailure(.conflict, "there is no file \(self.name); name one with items, a line each")
        }
        (self.descriptor, self.isOwned) = (descriptor, path != nil)
        (self.stopReader, self.stopWriter) = (ends[0], ends[1])
    }

    deinit {
        close(self.stopReader)
        close(self.stopWriter)
        if self.isOwned { close(self.descriptor) }
    }

    /// Reads what there is, and waits for it; nothing at the end.
    func read() async throws -> [UInt8] {
        try await withTaskCancellationHandler {
            try await withTaskExecutorPreference(self.executor) { try await self.readOnItsThread() }
        } onCancel: {
            var byte: UInt8 = 1
            unsafe _ = write(self.stopWriter, &byte, 1)
        }
    }

    @concurrent
    private func readOnItsThread() async throws -> [UInt8] {
        while true {
            var watched = [
                pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: self.stopReader, events: Int16(POLLIN), revents: 0),
            ]
            while unsafe poll(&watched, 2, -1) < 0, errno == EINTR {}
            if watched[1].revents != 0 { throw CancellationError() }
            var code: Int32 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.chunk) { bytes, count in
                let read = unsafe Self.system(self.descriptor, bytes.baseAddress, Self.chunk)
                if read < 0 { code = errno }
                count = max(0, read)
            }
            if code == EINTR || code == EAGAIN { continue }
            guard code == 0 else { throw Self.failure("\(self.name) cannot be read", code) }
            return bytes
        }
    }

    private static func system(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.read(descriptor, bytes, count)
        #else
        unsafe Darwin.read(descriptor, bytes, count)
        #endif
    }

    private static func failure(_ what: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.inputOutput, "\(what): \(unsafe String(cString: strerror(code)))")
    }
}

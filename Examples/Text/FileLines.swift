#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The lines of a file, each with its line feed, of which a chunk at a time is in memory.
struct FileLines: ~Copyable {
    /// Why there are no lines, or no more.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let chunk = 1 << 16
    /// The longest line, in bytes.
    private static let longest = 16 << 20

    private let path: String
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    /// How far the bytes were used, and up to where there is no line feed.
    private var (place, searched) = (0, 0)
    private var hasEnded = false
    private var number = 0

    init(of path: String) throws(Failure) {
        self.path = path
        self.descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else { throw Self.failure("'\(path)' cannot be opened", errno) }
    }

    deinit {
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// The next line; what comes after the last line feed is one as well.
    mutating func next() throws(Failure) -> String? {
        while true {
            if let end = self.bytes[self.searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return try self.take(to: end + 1)
            }
            self.searched = self.bytes.count
            let left = self.bytes.count - self.place
            if self.hasEnded { return left > 0 ? try self.take(to: self.bytes.count) : nil }
            guard left <= Self.longest else {
                let line = "line \(self.number + 1) of '\(self.path)'"
                throw Failure(description: "\(line) has more than \(Self.longest) bytes: leave the file out")
            }
            try self.read()
        }
    }

    private mutating func take(to end: Int) throws(Failure) -> String {
        self.number += 1
        guard let line = String(validating: self.bytes[self.place..<end], as: UTF8.self) else {
            let line = "line \(self.number) of '\(self.path)'"
            throw Failure(description: "\(line) is not UTF-8: leave the file out, or drop it with onError")
        }
        (self.place, self.searched) = (end, end)
        return line
    }

    private mutating func read() throws(Failure) {
        var code: Int32 = 0
        let more = unsafe [UInt8](unsafeUninitializedCapacity: Self.chunk) { bytes, count in
            var result = 0
            repeat {
                result = unsafe Self.system(self.descriptor, bytes.baseAddress, Self.chunk)
            } while result < 0 && errno == EINTR
            if result < 0 { code = errno }
            count = max(0, result)
        }
        guard code == 0 else { throw Self.failure("'\(self.path)' cannot be read", code) }
        self.bytes.removeFirst(self.place)
        self.searched -= self.place
        self.place = 0
        self.bytes += more
        self.hasEnded = more.isEmpty
    }

    private static func system(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.read(descriptor, bytes, count)
        #else
        unsafe Darwin.read(descriptor, bytes, count)
        #endif
    }

    private static func failure(_ what: String, _ code: Int32) -> Failure {
        Failure(description: "\(what): \(unsafe String(cString: strerror(code)))")
    }
}

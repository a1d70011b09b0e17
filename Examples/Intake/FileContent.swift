#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The beginning of a file.
public struct FileContent: Sendable {
    /// The most bytes that are read.
    public static let limit = 4 * 1024 * 1024

    /// What was read.
    public let bytes: [UInt8]

    /// How large the whole file is.
    public let size: Int

    private let isReadable: Bool

    /// Takes bytes that were read already.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
        self.size = bytes.count
        self.isReadable = true
    }

    /// Reads a file.
    ///
    /// One that cannot be read, or is no ordinary file, has no bytes.
    public init(path: String) {
        // A name that has become a pipe must not be waited for, and one that has become a link not be followed.
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            if descriptor >= 0 { close(descriptor) }
            (self.bytes, self.size, self.isReadable) = ([], 0, false)
            return
        }
        defer { close(descriptor) }
        let wanted = min(Int(status.st_size), Self.limit)
        var isReadable = true
        self.bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                let rest = unsafe buffer.baseAddress.map { unsafe $0 + filled }
                let count = unsafe read(descriptor, rest, wanted - filled)
                if count < 0, errno == EINTR { continue }
                isReadable = count >= 0
                guard count > 0 else { return }
                filled += count
            }
        }
        self.size = Int(status.st_size)
        self.isReadable = isReadable
    }

    /// Size, lines and encoding.
    public var measurement: Measurement {
        let encoding = self.encoding
        guard encoding.isText else { return Measurement(bytes: self.size, lines: 0, encoding: encoding) }
        let breaks = self.bytes.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let isOpen = self.bytes.last.map { $0 != UInt8(ascii: "\n") } ?? false
        return Measurement(bytes: self.size, lines: breaks + (isOpen ? 1 : 0), encoding: encoding)
    }

    private var encoding: FileEncoding {
        guard self.isReadable else { return .unreadable }
        if self.bytes.starts(with: [0x1f, 0x8b]) { return .gzip }
        // Text has none of the characters that once moved printers, but for tabs, line and page breaks and escapes.
        let isText = self.bytes.allSatisfy { $0 >= 0x20 || (0x08...0x0d).contains($0) || $0 == 0x1b }
        guard isText else { return .binary }
        if self.bytes.allSatisfy({ $0 < 0x80 }) { return .ascii }
        // The part that was read may end within a character.
        let tail = self.bytes.count < self.size ? self.bytes.suffix(3).reversed().prefix { $0 >= 0x80 }.count : 0
        return String(validating: self.bytes.dropLast(tail), as: UTF8.self) != nil ? .utf8 : .latin1
    }
}

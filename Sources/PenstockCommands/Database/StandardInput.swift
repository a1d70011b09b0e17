import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What is piped into the command.
enum StandardInput {
    /// Reads all of it, and refuses more than `limit` bytes.
    static func read(limit: Int) throws(PenstockError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Self.system($0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw PenstockError(.storeUnavailable, "standard input cannot be read (error \(errno))")
            }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else {
                throw PenstockError(.tooLarge, "standard input has more than the \(limit) bytes that a result may have")
            }
        }
    }

    private static func system(_ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.read(0, bytes, count)
        #else
        unsafe Darwin.read(0, bytes, count)
        #endif
    }
}

public import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Who owns a store's file, as the owner wrote it down.
public struct OwnerDescription: Sendable, Hashable, CustomStringConvertible {
    /// The number of the process.
    public let process: Int32

    /// The name of the program.
    public let program: String

    /// The name of the machine, which for a container is the container's.
    public let host: String

    /// When the store was opened.
    public let since: Timestamp

    /// The owner in a few words.
    public var description: String {
        "process \(self.process) (\(self.program) on \(self.host)) since \(self.since.formatted("%Y-%m-%dT%H:%M:%SZ"))"
    }
}

extension Timestamp {
    /// The time in a form that a file's name can have.
    var compactText: String { self.formatted("%Y%m%dT%H%M%SZ") }

    fileprivate func formatted(_ format: String) -> String {
        var seconds = time_t(self.milliseconds / 1000)
        var parts = unsafe tm()
        unsafe _ = gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = unsafe strftime(&text, text.count, format, &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

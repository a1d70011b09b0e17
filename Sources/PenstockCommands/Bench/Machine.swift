import FoundationEssentials

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a measurement is made on.
enum Machine {
    /// Cores and kernel in one line.
    static var description: String {
        var names = utsname()
        unsafe uname(&names)
        let system = Self.text(names.sysname)
        let release = Self.text(names.release)
        let hardware = Self.text(names.machine)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "Machine: \(Words.count(cores, "core")) (\(Self.processor ?? hardware)), \(system) \(release)."
    }

    /// The bytes of memory that the process holds; 0 where that cannot be found out.
    static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var processor: String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ": ", maxSplits: 1).last.map(String.init)
    }

    private static func text<Characters>(_ characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

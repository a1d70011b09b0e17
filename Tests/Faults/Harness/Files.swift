#if canImport(Glibc)
import Glibc
#endif

/// The few things that the harness does with files.
enum Files {
    static func makeFolder(_ path: String) throws {
        guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw Unexpected("the folder '\(path)' cannot be made: \(Self.reason)")
        }
    }

    /// Removes a file, or a folder with everything in it; it may be missing.
    static func remove(_ path: String) {
        for name in Self.names(in: path) { Self.remove("\(path)/\(name)") }
        unsafe _ = Glibc.remove(path)
    }

    /// The names in a folder; none if it is no folder.
    static func names(in path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe _ = closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
                unsafe start.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func size(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// What is in a file; empty if it cannot be read.
    static func text(_ path: String) -> String { String(decoding: self.bytes(path), as: UTF8.self) }

    /// The bytes of a file; none if it cannot be read.
    static func bytes(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
        }
    }

    /// Changes a byte of a file.
    static func change(_ path: String, at offset: Int, _ body: (UInt8) -> UInt8) throws {
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        guard unsafe pread(descriptor, &byte, 1, offset) == 1 else { throw Unexpected("'\(path)' cannot be read") }
        byte = body(byte)
        guard unsafe pwrite(descriptor, &byte, 1, offset) == 1 else { throw Unexpected("'\(path)' cannot be written") }
    }

    /// Puts a text in a file, in the place of what was there.
    static func write(_ text: String, to path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Unexpected("'\(path)' cannot be written: \(Self.reason)") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Unexpected("'\(path)' cannot be written: \(Self.reason)")
        }
    }

    /// Why the last system call failed.
    static var reason: String { unsafe String(cString: strerror(errno)) }
}

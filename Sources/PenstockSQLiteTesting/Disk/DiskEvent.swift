/// Something that happened on a disk, as it is written down by one that was told to.
///
/// Two runs of the same program have the same events when they did the same to the disk.
public struct DiskEvent: Sendable, Hashable, CustomStringConvertible {
    /// What was done.
    public let operation: DiskOperation
    /// The name of the file.
    public let file: String
    /// Where in the file: the first byte of a write, the new size of a file that was shortened, or 0.
    public let offset: Int
    /// The bytes that were written, without what SQLite draws by chance in every process anew.
    public let bytes: [UInt8]

    /// Whether it was to the store's write-ahead log.
    public var isLog: Bool { self.file.hasSuffix("-wal") }

    /// The event in a few words.
    public var description: String {
        switch self.operation {
        case .read, .write: "\(self.operation) \(self.bytes.count) bytes of \(self.file) at \(self.offset)"
        case .truncate: "\(self.operation) \(self.file) to \(self.offset)"
        case .sync, .remove: "\(self.operation) \(self.file)"
        }
    }

    /// Puts zeros in the place of what SQLite draws by chance: the salts of a write-ahead log and the sums that go on
    /// from them.
    ///
    /// A rollback journal is only used until there is a write-ahead log. Its sums are everywhere, so nothing of it is
    /// kept.
    static func withoutChance(_ bytes: [UInt8], file: String, offset: Int) -> [UInt8] {
        if file.hasSuffix("-journal") { return [UInt8](repeating: 0, count: bytes.count) }
        guard file.hasSuffix("-wal") else { return bytes }
        let chance: Range<Int>
        switch bytes.count {
        case Self.logHeader where offset == 0: chance = 16..<32
        case Self.frameHeader: chance = 8..<24
        default: return bytes
        }
        var bytes = bytes
        for place in chance { bytes[place] = 0 }
        return bytes
    }

    /// The bytes of the header of a write-ahead log, and of that of each of its frames, which SQLite writes in one.
    private static let logHeader = 32
    private static let frameHeader = 24
}

/// How a store in a SQLite file is to be kept.
public struct SQLiteOptions: Sendable, Hashable {
    /// What a transaction that was acknowledged will survive.
    public enum Durability: Sendable, Hashable {
        /// The end of the process, and a power failure: each group of transactions is on the disk before anybody hears.
        case full
        /// The end of the process; a power failure may undo the last transactions, though never in part.
        ///
        /// This is weaker than what Penstock promises, and is for work that can be done again.
        case relaxed
    }

    /// What a transaction that was acknowledged will survive.
    public var durability: Durability

    /// The frames of the write-ahead log from which an idle moment is used to copy them into the database.
    ///
    /// A frame is a page, so this is 16 MB.
    package var idleFrames = 4000

    /// The bytes to which a new write-ahead log is lengthened.
    package var logBytes = 4 << 20

    /// Makes options; each has a default.
    public init(durability: Durability = .full) {
        self.durability = durability
    }
}

package import Penstock

/// What keeps the rows of a simulated world's disk, whoever is alive: where one kind of disk differs from another.
///
/// One process at a time has it open, through two connections as a store has them. Who that is, and when what goes
/// wrong, is the ``SimulatedDisk``'s to say.
package protocol DiskMedium: Sendable {
    /// Where the process that has it open says what it works on, if the next one is to know; asked after each opening.
    var ledger: (any ClaimLedger)? { get }

    /// Every row that was made durable.
    var content: [ItemID: ItemRecord] { get throws(PenstockError) }

    /// What is wrong with it, beside what the rows say.
    var problems: [String] { get }

    /// Opens both connections.
    /// - Returns: how often it was opened, this time included.
    func open(
        _ mishap: DiskMishap?,
        _ report: @escaping @Sendable (Notice) -> Void
    ) throws(PenstockError) -> Int64

    /// Does something with the rows of an open connection.
    func use<Result: Sendable>(
        _ connection: DiskConnection,
        _ mishap: DiskMishap?,
        _ body: (any DiskRows) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result

    /// Closes a connection in good order; with the last one goes whatever is there for the time of an opening.
    func close(_ connection: DiskConnection, _ mishap: DiskMishap?)

    /// The process that had it open is dead.
    /// - Parameter seed: Set when the whole machine has lost its power, and then what is left of what was not synced.
    func lose(power seed: UInt64?)
}

/// The rows of a medium, as one connection has them.
package protocol DiskRows: ItemTable {
    /// Whether there is something to be tidied up in an idle moment.
    var wantsCheckpoint: Bool { get }

    /// Tidies up.
    func checkpoint()
}

/// A connection of a store.
package enum DiskConnection: Sendable {
    case writer
    case reader
}

/// Something that goes wrong while a disk is used.
package struct DiskMishap: Sendable {
    /// What it is.
    package enum Effect: Sendable {
        /// Something cannot be read.
        case failsToRead
        /// Something cannot be written.
        case failsToWrite
        /// Something cannot be made durable.
        case failsToSync
        /// There is no room.
        case isFull
        /// The process ends in the middle, and perhaps its machine.
        case ends
    }

    package let effect: Effect
    /// Determines where in the middle it is.
    package let point: UInt64
}

/// What the disks of simulated worlds are.
///
/// Modules add ways of their own: `.sqlite` is in PenstockSQLiteTesting.
public struct WorldDisk: Sendable {
    let make: @Sendable (FaultKnobs) -> any DiskMedium

    package init(_ make: @escaping @Sendable (FaultKnobs) -> any DiskMedium) {
        self.make = make
    }

    /// Rows in memory, which are durable as soon as they are committed.
    public static var memory: WorldDisk { WorldDisk { _ in MemoryMedium() } }
}

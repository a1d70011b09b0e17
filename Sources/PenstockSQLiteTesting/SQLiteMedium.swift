import Penstock
import PenstockSQLite
import PenstockTesting
import Synchronization

/// Real SQLite on a disk in memory, as the medium of a simulated world's disk.
///
/// What goes wrong does so in the middle of what SQLite asks of its files, and whoever opens it next finds what is
/// left.
final class SQLiteMedium: DiskMedium {
    private struct State {
        var disk: CrashDisk
        var writer: SQLiteTable?
        var reader: SQLiteTable?

        func table(of connection: DiskConnection) -> SQLiteTable? {
            connection == .writer ? self.writer : self.reader
        }

        /// Has something befall the disk from now on.
        ///
        /// - Parameter changes: Within how many changes of the disk that is at the most, and more often within the
        ///   first of them. When there are fewer, an error does not come, and the end comes after them.
        func begin(_ mishap: DiskMishap?, within changes: UInt64) {
            guard let mishap else { return }
            let number = 1 + Int(mishap.point % (changes >> (mishap.point >> 16 % 3)))
            let fault: DiskFault =
                switch mishap.effect {
                case .failsToRead: .fail(at: 1, of: [.read])
                case .failsToWrite: .fail(at: number, of: [.write, .truncate, .remove])
                // About one change in sixteen.
                case .failsToSync: .fail(at: 1 + number / 16, of: [.sync])
                case .isFull: .full(at: number)
                case .ends: .stop(at: number)
                }
            self.disk.setFault(fault)
        }

        func end(_ mishap: DiskMishap?) {
            if mishap != nil { self.disk.setFault(nil) }
        }
    }

    private let state: Mutex<State>

    init(_ disk: sending CrashDisk) {
        self.state = Mutex(State(disk: disk))
    }

    var ledger: (any ClaimLedger)? { self.state.withLock { $0.disk.claims } }

    var content: [ItemID: ItemRecord] {
        get throws(PenstockError) {
            try self.state.withLock { state throws(PenstockError) in
                // Whoever else looks would take a commit for done that has failed at its last step.
                if let reader = state.reader { return try reader.content }
                return try state.disk.copy().content
            }
        }
    }

    var problems: [String] {
        do throws(PenstockError) {
            return try self.state.withLock { $0.disk.copy() }.verify().problems
        } catch {
            return ["the database cannot be verified: \(error)"]
        }
    }

    func open(
        _ mishap: DiskMishap?,
        _ report: @escaping @Sendable (Notice) -> Void
    ) throws(PenstockError) -> Int64 {
        try self.state.withLock { state throws(PenstockError) in
            state.begin(mishap, within: 40)
            defer { state.end(mishap) }
            let writer = try state.disk.openWriter(report)
            let epoch = writer.epoch
            state.writer = writer
            state.reader = try state.disk.openReader(report)
            return epoch
        }
    }

    func use<Result: Sendable>(
        _ connection: DiskConnection,
        _ mishap: DiskMishap?,
        _ body: (any DiskRows) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        try self.state.withLock { state throws(PenstockError) in
            guard let table = state.table(of: connection) else {
                throw PenstockError(.storeClosed, "the connection was closed")
            }
            state.begin(mishap, within: 16)
            defer { state.end(mishap) }
            return try body(table)
        }
    }

    func close(_ connection: DiskConnection, _ mishap: DiskMishap?) {
        self.state.withLock { state in
            guard let table = state.table(of: connection) else { return }
            state.begin(mishap, within: 16)
            table.close()
            state.end(mishap)
            if connection == .writer { state.writer = nil } else { state.reader = nil }
            if state.writer == nil, state.reader == nil { state.disk.tablesClosed() }
        }
    }

    func lose(power seed: UInt64?) {
        self.state.withLock { state in
            let disk = state.disk
            state.disk = seed.map { disk.afterPowerFailure(seed: $0) } ?? disk.afterKill()
            // To close them does nothing to a disk that has stopped.
            (state.writer, state.reader) = (nil, nil)
        }
    }
}

extension SQLiteTable: DiskRows {}

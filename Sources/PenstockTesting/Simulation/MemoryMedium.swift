import Penstock
import Synchronization

/// Rows in memory as the medium of a simulated disk: a commit is durable at once and whole, or has not happened.
final class MemoryMedium: DiskMedium {
    private struct State {
        let rows = MemoryTable()
        var epoch: Int64 = 0
    }

    private let state = Mutex(State())

    var ledger: (any ClaimLedger)? { nil }
    var content: [ItemID: ItemRecord] { self.state.withLock { $0.rows.content } }
    var problems: [String] { [] }

    func open(
        _ mishap: DiskMishap?,
        _ report: @escaping @Sendable (Notice) -> Void
    ) throws(PenstockError) -> Int64 {
        try self.during(mishap) { state in
            state.epoch += 1
            return state.epoch
        }
    }

    func use<Result: Sendable>(
        _ connection: DiskConnection,
        _ mishap: DiskMishap?,
        _ body: (any DiskRows) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        try self.during(mishap) { state throws(PenstockError) in try body(state.rows) }
    }

    /// Nothing has a middle here, so what befalls it comes before, or after.
    private func during<Result: Sendable>(
        _ mishap: DiskMishap?,
        _ body: (inout State) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        let comesFirst = mishap.map { $0.effect != .ends || $0.point % 2 == 0 } ?? false
        guard !comesFirst else { throw PenstockError(.storeUnavailable, "the disk has failed") }
        return try self.state.withLock { state throws(PenstockError) in try body(&state) }
    }

    func close(_ connection: DiskConnection, _ mishap: DiskMishap?) {}

    func lose(power seed: UInt64?) {
        self.state.withLock { $0.rows.rollback() }
    }
}

extension MemoryTable: DiskRows {
    package var wantsCheckpoint: Bool { false }
    package func checkpoint() {}
}

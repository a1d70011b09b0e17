import Penstock
import Synchronization

/// What this process holds, so that most of what it records needs no look at the rows.
///
/// It may be wrong: the server may have declared the process dead, and an operator may have cancelled what it holds.
/// Whatever is recorded on the strength of it is compared with the rows in the same transaction.
final class Holds: Sendable {
    /// A claim of this process's.
    struct Held {
        /// The row as it was when it was leased, and as this process has changed it since, without its payload.
        var row: PostgresRow
        /// Who hears of what happens to it.
        let holder: Holder?
        /// How many wake-ups have come since the lease began, from here and from elsewhere.
        var news = 0

        var token: Int64 { self.row.record.token }
    }

    private let state = Mutex<[ItemID: Held]>([:])

    /// The claim on an item.
    subscript(id: ItemID) -> Held? {
        self.state.withLock { $0[id] }
    }

    /// How many there are.
    var count: Int { self.state.withLock { $0.count } }

    /// Notes what was leased.
    func add(_ row: PostgresRow, for holder: Holder?) {
        var held = Held(row: row, holder: holder)
        held.row.record.payload = Payload(bytes: [])
        self.state.withLock { $0[row.record.id] = held }
    }

    /// Forgets a claim, if it is still the one with this token.
    @discardableResult
    func remove(_ lease: LeaseReference) -> Held? {
        self.state.withLock { state in
            guard state[lease.id]?.token == lease.token else { return nil }
            return state.removeValue(forKey: lease.id)
        }
    }

    /// Forgets all, and returns what there was.
    func removeAll() -> [Held] {
        self.state.withLock { state in
            defer { state = [:] }
            return state.values.sorted { $0.row.record.id < $1.row.record.id }
        }
    }

    /// Learns what a transaction has made of a row that is held.
    func update(_ row: PostgresRow) {
        self.state.withLock { state in
            guard let held = state[row.record.id], held.token == row.record.token else { return }
            state[row.record.id]?.row = row
            state[row.record.id]?.row.record.payload = Payload(bytes: [])
        }
    }

    /// Counts wake-ups of a run under the lease with a token.
    ///
    /// - Parameter isFromElsewhere: Whether another process has counted them in the row.
    /// - Returns: who hears of it, and how many there are now; `nil` when the lease is not held here.
    func wake(
        _ lease: LeaseReference,
        times: Int,
        isFromElsewhere: Bool
    ) -> (holder: Holder?, news: Int)? {
        self.state.withLock { state in
            guard var held = state[lease.id], held.token == lease.token else { return nil }
            held.news += times
            if isFromElsewhere {
                held.row.wakes += Int32(clamping: times)
                // Whoever woke it has made it ready.
                if held.row.record.state == .parked { held.row.record.state = .ready }
            }
            state[lease.id] = held
            return (held.holder, held.news)
        }
    }
}

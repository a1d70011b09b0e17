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
        var lease: LeaseReference { LeaseReference(id: self.row.record.id, token: self.token) }
    }

    private struct State {
        var held: [ItemID: Held] = [:]
        /// How many wake-ups have been heard of under leases that this process does not know of yet: the answer that
        /// brings them is under way.
        var early: [LeaseReference: Int] = [:]
    }

    /// How many leases may have had early news; what is older than so many has gone astray.
    private static let earlyLimit = 10_000

    private let state = Mutex(State())

    /// The claim on an item.
    subscript(id: ItemID) -> Held? {
        self.state.withLock { $0.held[id] }
    }

    /// How many there are.
    var count: Int { self.state.withLock { $0.held.count } }

    /// Notes what was leased.
    /// - Returns: how many wake-ups it has had already.
    @discardableResult
    func add(_ row: PostgresRow, for holder: Holder?) -> Int {
        var held = Held(row: row, holder: holder)
        held.row.record.payload = Payload(bytes: [])
        return self.state.withLock { state in
            held.news = state.early.removeValue(forKey: held.lease) ?? 0
            held.row.wakes += Int32(clamping: held.news)
            state.held[row.record.id] = held
            return held.news
        }
    }

    /// Forgets a claim, if it is still the one with this token.
    @discardableResult
    func remove(_ lease: LeaseReference) -> Held? {
        self.state.withLock { state in
            guard state.held[lease.id]?.token == lease.token else { return nil }
            return state.held.removeValue(forKey: lease.id)
        }
    }

    /// Forgets all, and returns what there was.
    func removeAll() -> [Held] {
        self.state.withLock { state in
            defer { state = State() }
            return state.held.values.sorted { $0.row.record.id < $1.row.record.id }
        }
    }

    /// Learns what a transaction has made of a row that is held.
    func update(_ row: PostgresRow) {
        self.state.withLock { state in
            guard let held = state.held[row.record.id], held.token == row.record.token else { return }
            state.held[row.record.id]?.row = row
            state.held[row.record.id]?.row.record.payload = Payload(bytes: [])
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
            guard var held = state.held[lease.id], held.token == lease.token else {
                if isFromElsewhere, state.held[lease.id].map({ $0.token < lease.token }) ?? true {
                    if state.early.count >= Self.earlyLimit { state.early = [:] }
                    state.early[lease, default: 0] += times
                }
                return nil
            }
            held.news += times
            if isFromElsewhere {
                held.row.wakes += Int32(clamping: times)
                // Whoever woke it has made it ready.
                if held.row.record.state == .parked { held.row.record.state = .ready }
            }
            state.held[lease.id] = held
            return (held.holder, held.news)
        }
    }
}

import Penstock
import PenstockSQLite
import Synchronization

/// What the process over a disk is working on, where the end of the process does not reach it.
final class DiskClaims: ClaimLedger, LastClaims {
    private struct State {
        var epoch: Int64 = 0
        var tokens: [ItemID: Int64] = [:]
    }

    private let state: Mutex<State>

    init() {
        self.state = Mutex(State())
    }

    /// The claims of a process that has died over another disk.
    init(copying other: DiskClaims) {
        self.state = Mutex(other.state.withLock { $0 })
    }

    func began(_ lease: LeaseReference) {
        self.state.withLock { $0.tokens[lease.id] = lease.token }
    }

    func ended(_ ids: [ItemID]) {
        self.state.withLock { state in
            for id in ids { state.tokens[id] = nil }
        }
    }

    /// Forgets the claims, since whoever ends in good order died over nothing.
    func end() {
        self.state.withLock { $0.tokens = [:] }
    }

    func suspects(ofEpoch epoch: Int64) -> [LeaseReference] {
        let tokens = self.state.withLock { $0.epoch == epoch ? $0.tokens : [:] }
        return tokens.sorted { $0.key < $1.key }.map { LeaseReference(id: $0.key, token: $0.value) }
    }

    func takenOver(epoch: Int64) {
        self.state.withLock { $0 = State(epoch: epoch) }
    }
}

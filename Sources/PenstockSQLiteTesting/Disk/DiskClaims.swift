import Penstock
import PenstockSQLite
import Synchronization

/// What the process over a disk is working on, where the end of the process does not reach it.
final class DiskClaims: ClaimLedger, LastClaims {
    private struct State {
        var epoch: Int64 = 0
        var items: Set<ItemID> = []
    }

    private let state: Mutex<State>

    init() {
        self.state = Mutex(State())
    }

    /// The claims of a process that has died over another disk.
    init(copying other: DiskClaims) {
        self.state = Mutex(other.state.withLock { $0 })
    }

    func began(_ id: ItemID) {
        self.state.withLock { _ = $0.items.insert(id) }
    }

    func ended(_ ids: [ItemID]) {
        self.state.withLock { $0.items.subtract(ids) }
    }

    /// Forgets the claims, since whoever ends in good order died over nothing.
    func end() {
        self.state.withLock { $0.items = [] }
    }

    func suspects(ofEpoch epoch: Int64) -> [ItemID] {
        self.state.withLock { $0.epoch == epoch ? $0.items.sorted() : [] }
    }

    func takenOver(epoch: Int64) {
        self.state.withLock { $0 = State(epoch: epoch) }
    }
}

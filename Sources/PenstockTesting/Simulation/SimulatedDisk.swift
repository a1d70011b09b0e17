import Penstock
import Synchronization

/// The disk of a simulated world: what was committed is there when a store is opened over it again.
///
/// One process at a time owns it, as one owns a file that it has locked; a process that dies owns nothing.
final class SimulatedDisk: Sendable {
    struct State {
        let rows = MemoryTable()
        var epoch: Int64 = 0
        var owner: String?
        /// The rows that were removed since the world began.
        var deleted: Set<ItemID> = []
    }

    private let state = Mutex(State())

    func withState<Result: Sendable, Failure>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try self.state.withLock { state throws(Failure) in try body(&state) }
    }

    /// Takes the disk for a process; `false` when somebody else has it.
    func take(for process: String) -> Bool {
        self.withState { state in
            guard state.owner == nil || state.owner == process else { return false }
            state.owner = process
            return true
        }
    }

    /// The process has closed the disk, or has died.
    func release(by process: String) {
        self.withState { state in
            if state.owner == process { state.owner = nil }
        }
    }

    /// A store is opened: what was leased before is not leased any more.
    func nextEpoch() -> Int64 {
        self.withState { state in
            state.epoch += 1
            return state.epoch
        }
    }

    /// Every row, as a power failure would leave it now.
    var content: [ItemID: ItemRecord] {
        self.withState { $0.rows.content }
    }

    /// The rows that were removed.
    var deleted: Set<ItemID> { self.withState { $0.deleted } }
}

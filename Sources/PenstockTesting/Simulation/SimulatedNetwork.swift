import Penstock
import Synchronization

/// What the processes of a simulated world share.
final class SimulatedNetwork: Sendable {
    let knobs: FaultKnobs
    let dice: FaultDice
    let history = SimulatedHistory()
    private let current = Mutex<(any Store)?>(nil)

    init(_ knobs: FaultKnobs, _ dice: FaultDice) {
        self.knobs = knobs
        self.dice = dice
    }

    /// The store of the server; `nil` while it is down.
    var server: (any Store)? {
        get { self.current.withLock { $0 } }
        set { self.current.withLock { $0 = newValue } }
    }
}

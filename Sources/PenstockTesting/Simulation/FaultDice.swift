import Penstock
import Synchronization

/// Decides when faults strike in one simulated world, and keeps a list of those that have.
///
/// Each fault has a stream of chance of its own, so that taking one away leaves the others where they were: that is
/// what shrinking a failure needs.
final class FaultDice: Sendable {
    private struct State {
        var streams: [Fault: SeededGenerator]
        var struck: [(fault: Fault, text: String)] = []
        var isHealed = false
    }

    private let knobs: FaultKnobs
    private let clock: ManualClock
    private let state: Mutex<State>

    init(_ knobs: FaultKnobs, clock: ManualClock) {
        var streams: [Fault: SeededGenerator] = [:]
        for (place, fault) in Fault.allCases.enumerated() {
            var first = SeededGenerator(seed: knobs.seed &+ UInt64(place) &* 0x1_0001)
            streams[fault] = SeededGenerator(seed: first.next())
        }
        self.knobs = knobs
        self.clock = clock
        self.state = Mutex(State(streams: streams))
    }

    /// Whether the fault strikes now; `text` says what it hits.
    func strikes(_ fault: Fault, _ text: @autoclosure () -> String) -> Bool {
        guard let odds = self.knobs.odds[fault] else { return false }
        return self.state.withLock { state in
            guard !state.isHealed, (state.streams[fault]?.next() ?? 1) % odds == 0 else { return false }
            guard state.struck.count < self.knobs.maximumFaults else { return false }
            state.struck.append((fault, "\(self.clock.uptime) \(fault.rawValue): \(text())"))
            return true
        }
    }

    /// Draws a number below `bound` from the stream of a fault.
    func draw(_ fault: Fault, below bound: UInt64) -> UInt64 {
        self.state.withLock { ($0.streams[fault]?.next() ?? 0) % max(bound, 1) }
    }

    /// Nothing goes wrong any more.
    func heal() {
        self.state.withLock { $0.isHealed = true }
    }

    var isHealed: Bool { self.state.withLock { $0.isHealed } }

    /// The faults that have struck, in order.
    var struck: [(fault: Fault, text: String)] { self.state.withLock { $0.struck } }
}

import Penstock
import Synchronization

/// The clock of one simulated process: time passes as in the world, and its wall clock may be wrong.
final class SimulatedClock: PenstockClock {
    private let world: ManualClock
    private let error = Mutex(Duration.zero)

    init(in world: ManualClock) {
        self.world = world
    }

    var now: Timestamp { self.world.now + self.error.withLock { $0 } }
    var uptime: Duration { self.world.uptime }

    func sleep(for duration: Duration) async throws { try await self.world.sleep(for: duration) }

    /// Somebody sets the wall clock; no time passes.
    func jump(by amount: Duration) {
        self.error.withLock { $0 += amount }
    }

    /// Somebody sets the wall clock right.
    func correct() {
        self.error.withLock { $0 = .zero }
    }
}

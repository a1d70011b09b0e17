import Penstock
import Synchronization

/// Waits on behalf of a client for the ends of items, as long as the client goes on.
final class HistoryWaiter: Sendable {
    private let store: any Store
    private let wanted = Mutex<ItemID?>(nil)

    init(over store: any Store) {
        self.store = store
    }

    /// Has it wait for another item, when it is done with the one it waits for.
    func want(_ id: ItemID) {
        self.wanted.withLock { $0 = id }
    }

    func run() async {
        while !Task.isCancelled {
            let id = self.wanted.withLock { wanted in
                defer { wanted = nil }
                return wanted
            }
            do {
                if let id { _ = try await self.store.settled(id) }
                try await self.store.environment.clock.sleep(for: .milliseconds(1))
            } catch {
                // It is in the history, or it is that the client has ended.
            }
        }
    }
}

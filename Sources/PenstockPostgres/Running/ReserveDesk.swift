import Penstock
import Synchronization

/// Those who wait for items, in the order in which they came, and what is known of their queues.
///
/// The server is asked for a queue's items only while there is reason to think that it has some: at first, and after a
/// hint, a push from here, or a due time. Whoever waits meanwhile costs nothing.
final class ReserveDesk: Sendable {
    /// What the server is to be asked for one queue, on behalf of wishes for leases of one length.
    struct Asking {
        let queue: String
        let duration: Duration?
        let limit: Int
        /// How many hints had come when it was asked.
        let hints: Int
    }

    private struct Queue {
        var wishes: [Wish] = []
        /// How many hints have come.
        var hints = 1
        /// The hint after which the server had no more.
        var emptyAt = 0

        /// Whether there may be items at the server.
        var mayHaveItems: Bool { self.hints > self.emptyAt }
    }

    private struct State {
        var queues: [String: Queue] = [:]
        /// Wishes that a round of the writer's may fulfil, and how many items each has been promised.
        var promised: [UInt64: Int] = [:]
        var last: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A number for somebody who is about to wait.
    func number() -> UInt64 {
        self.state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    /// Enters somebody; `false` when the desk is closed.
    /// - Returns: whether the server may have something, so that the writer has to be woken; `nil` when it is closed.
    func add(_ wish: Wish) -> Bool? {
        self.state.withLock { state in
            // Whoever cancels the task has done so before asking for this lock.
            guard !state.isClosed, !Task.isCancelled else { return nil }
            let queue = wish.request.queue
            if !wish.request.waits { state.queues[queue, default: Queue()].hints += 1 }
            state.queues[queue, default: Queue()].wishes.append(wish)
            return state.queues[queue]?.mayHaveItems
        }
    }

    /// Takes out somebody whose task was cancelled; `nil` when there was an answer already.
    func remove(_ number: UInt64, from queue: String) -> Wish? {
        self.state.withLock { state in
            guard let place = state.queues[queue]?.wishes.firstIndex(where: { $0.number == number }) else { return nil }
            return state.queues[queue]?.wishes.remove(at: place)
        }
    }

    /// Learns that a queue may have items.
    /// - Returns: whether somebody waits for them.
    @discardableResult
    func hint(_ queue: String) -> Bool {
        self.state.withLock { state in
            state.queues[queue, default: Queue()].hints += 1
            return state.queues[queue]?.wishes.isEmpty == false
        }
    }

    /// Learns that any queue may have items.
    /// - Returns: whether somebody waits.
    func hintAll() -> Bool {
        self.state.withLock { state in
            for queue in state.queues.keys { state.queues[queue]?.hints += 1 }
            return state.queues.values.contains { !$0.wishes.isEmpty }
        }
    }

    /// The queues for which somebody waits.
    var awaited: [String] {
        self.state.withLock { state in state.queues.filter { !$0.value.wishes.isEmpty }.keys.sorted() }
    }

    // MARK: A round of the writer's

    /// Begins a round, in which nothing is promised yet.
    func beginRound() {
        self.state.withLock { $0.promised = [:] }
    }

    /// Finds somebody who takes a new item of a queue at once, if nothing else of the queue can be before it.
    func adopt(_ record: ItemRecord, now: Timestamp) -> Wish? {
        guard record.due <= now else { return nil }
        return self.state.withLock { state in
            guard let queue = state.queues[record.queue], !queue.mayHaveItems else { return nil }
            let wish = queue.wishes.first { state.promised[$0.number, default: 0] < max($0.request.limit, 1) }
            guard let wish else { return nil }
            state.promised[wish.number, default: 0] += 1
            return wish
        }
    }

    /// What to ask the server for.
    func askings() -> [Asking] {
        self.state.withLock { state in
            var askings: [Asking] = []
            for (name, queue) in state.queues.sorted(by: { $0.key < $1.key }) where queue.mayHaveItems {
                var limits: [(duration: Duration?, limit: Int)] = []
                for wish in queue.wishes where state.promised[wish.number] == nil {
                    let limit = max(wish.request.limit, 1)
                    if let place = limits.firstIndex(where: { $0.duration == wish.request.duration }) {
                        limits[place].limit += limit
                    } else {
                        limits.append((wish.request.duration, limit))
                    }
                }
                askings += limits.map {
                    Asking(queue: name, duration: $0.duration, limit: min($0.limit, 4096), hints: queue.hints)
                }
            }
            return askings
        }
    }

    /// Learns that a queue had no more than what it gave.
    func wasEmptied(_ asking: Asking) {
        self.state.withLock { state in
            let emptyAt = state.queues[asking.queue]?.emptyAt ?? 0
            state.queues[asking.queue]?.emptyAt = max(emptyAt, asking.hints)
        }
    }

    /// Hands out what was leased in a queue for one length of lease, to those who came first.
    ///
    /// - Returns: the answers, and what nobody is there to take any more.
    func fulfil(
        _ queue: String,
        _ duration: Duration?,
        with items: [LeasedItem]
    ) -> (answers: [(wish: Wish, items: [LeasedItem])], rest: ArraySlice<LeasedItem>) {
        self.state.withLock { state in
            var answers: [(Wish, [LeasedItem])] = []
            var rest = items[...]
            state.queues[queue]?.wishes.removeAll { wish in
                guard !rest.isEmpty, wish.request.duration == duration else { return false }
                let share = rest.prefix(max(wish.request.limit, 1))
                rest = rest.dropFirst(share.count)
                answers.append((wish, Array(share)))
                return true
            }
            return (answers, rest)
        }
    }

    /// Takes out those who did not want to wait, once the server was asked for them.
    func dismiss() -> [Wish] {
        self.state.withLock { state in
            var dismissed: [Wish] = []
            for (name, queue) in state.queues where !queue.mayHaveItems {
                dismissed += queue.wishes.filter { !$0.request.waits }
                state.queues[name]?.wishes.removeAll { !$0.request.waits }
            }
            return dismissed
        }
    }

    /// Takes out everybody who asked for something that could not be asked for.
    func fail() -> [Wish] {
        self.state.withLock { state in
            var failed: [Wish] = []
            for (name, queue) in state.queues where queue.mayHaveItems {
                failed += queue.wishes
                state.queues[name]?.wishes = []
            }
            return failed.sorted { $0.number < $1.number }
        }
    }

    /// Takes out everybody, and lets nobody in again.
    func close() -> [Wish] {
        self.state.withLock { state in
            state.isClosed = true
            defer { state.queues = [:] }
            return state.queues.values.flatMap(\.wishes).sorted { $0.number < $1.number }
        }
    }
}

public import Penstock
public import Synchronization

extension Source {
    /// Runs the body from its beginning, passes over what is in the store already, and commits the rest as it comes.
    @inlinable
    func run(_ seat: DurableSeat) async throws {
        let coder = try ItemCoder<Output>(for: self.name)
        let stored = try await seat.position(as: Int.self)
        let passed = stored ?? 0
        let buffer = FeedBuffer<Output>(capacity: seat.batch)
        try await withThrowingTaskGroup { group in
            group.addTask {
                // Whoever commits ends when there will be no more.
                defer { buffer.end() }
                try await self.fill(buffer, passing: passed, seat.node)
                buffer.complete()
            }
            group.addTask {
                try await Self.commit(buffer, from: passed, isFirst: stored == nil, seat, coder)
            }
            try await group.waitForAll()
        }
        guard buffer.isComplete else { throw CancellationError() }
        try await seat.commit(seat.end, consuming: [])
    }

    @inlinable
    func fill(_ buffer: FeedBuffer<Output>, passing passed: Int, _ seat: NodeSeat) async throws {
        var count = 0
        do {
            try await self.body(seat.context) { output in
                try seat.checkFeeding()
                count += 1
                guard count > passed else { return }
                NodeCounters.count(seat.counters.put)
                // Whoever commits has failed, and nothing more is needed.
                guard await buffer.put(output, seat) else { throw CancellationError() }
            }
        } catch  where seat.hasDrained(error) {
            // It was told to stop, and this is all.
        } catch {
            throw seat.failure(error)
        }
    }

    /// Commits what is there, as long as something comes: what comes while a commit is under way goes into the next.
    @inlinable
    static func commit(
        _ buffer: FeedBuffer<Output>,
        from passed: Int,
        isFirst: Bool,
        _ seat: DurableSeat,
        _ coder: ItemCoder<Output>
    ) async throws {
        defer { buffer.end() }
        var (count, isFirst) = (passed, isFirst)
        while let items = await buffer.take(seat.node) {
            let envelopes = items.enumerated().map { Envelope($0.element, Lineage(count + $0.offset)) }
            count += items.count
            let position = try seat.come(to: count, isFirst: isFirst)
            isFirst = false
            try await seat.commit(seat.push(envelopes, port: 0, coder) + position, consuming: [])
        }
        if seat.node.interruption.isSet { throw seat.node.interruption.stop }
    }
}

/// What a source has put and nobody has committed.
@usableFromInline
final class FeedBuffer<Item: Sendable>: Sendable {
    @usableFromInline
    struct State {
        @usableFromInline
        var items: [Item] = []
        @usableFromInline
        var hasEnded = false
        var isComplete = false
    }

    /// How many items wait at most.
    @usableFromInline
    let capacity: Int

    @usableFromInline
    let state = Mutex(State())
    @usableFromInline
    let room = Bell()
    @usableFromInline
    let news = Bell()

    @usableFromInline
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether the source has come to its own end.
    @usableFromInline
    var isComplete: Bool { self.state.withLock { $0.isComplete } }

    /// Adds an item, and waits while there is no room.
    /// - Returns: `false` when nobody takes it any more.
    @inlinable
    func put(_ item: Item, _ seat: NodeSeat) async -> Bool {
        let (isFull, hasEnded) = self.state.withLock { state in
            state.items.append(item)
            return (state.items.count >= self.capacity, state.hasEnded)
        }
        self.news.ring()
        if isFull, !hasEnded { await self.waitForRoom(seat) }
        return !hasEnded
    }

    @usableFromInline
    func waitForRoom(_ seat: NodeSeat) async {
        await seat.counters.wait {
            await self.room.suspend {
                self.state.withLock { $0.items.count < self.capacity || $0.hasEnded } || seat.interruption.isSet
            }
        }
    }

    @usableFromInline
    func complete() { self.state.withLock { $0.isComplete = true } }

    /// One of the two sides has ended, whatever for.
    @usableFromInline
    func end() {
        self.state.withLock { $0.hasEnded = true }
        self.news.ring()
        self.room.ring()
    }

    /// Takes all there is, and waits until there is something.
    /// - Returns: `nil` when there will be no more.
    @usableFromInline
    func take(_ seat: NodeSeat) async -> [Item]? {
        await self.news.suspend {
            self.state.withLock { !$0.items.isEmpty || $0.hasEnded } || seat.interruption.isSet
        }
        if seat.interruption.isSet { return nil }
        let items = self.state.withLock { state in
            defer { state.items = [] }
            return state.items
        }
        self.room.ring()
        return items.isEmpty ? nil : items
    }
}

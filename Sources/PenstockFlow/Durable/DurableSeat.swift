public import Penstock
import Synchronization

/// What a node has in a run whose links are in a store.
///
/// A node has one queue for all its inlets. It leases rows, works, and then commits what it has put and that the rows
/// are consumed in one transaction: after a crash the next run finds either the rows or what was made of them.
@usableFromInline
final class DurableSeat: Sendable {
    /// Where something is sent to.
    struct Target: Sendable {
        let queue: String
        let inlet: Int
        /// How many rows the queue may hold; `nil` for a node that keeps rows until it can say what they come to.
        let capacity: Int?
    }

    /// The node's context and counters.
    @usableFromInline
    let node: NodeSeat
    let store: any Store
    let run: DurableNames
    /// The lease of the run, without which nobody commits anything for it.
    private let lease: LeaseReference
    let sizes: DurableSizes
    let place: Int
    /// How many ports send to each inlet.
    let sources: [Int]
    let targets: [[Target]]
    private let leases = Mutex<Set<LeaseReference>>([])

    init(
        _ node: NodeSeat,
        _ place: Int,
        of run: DurableNames,
        in store: any Store,
        under lease: LeaseReference,
        _ sizes: DurableSizes,
        sources: [Int],
        targets: [[Target]]
    ) {
        (self.node, self.place, self.run, self.store, self.lease) = (node, place, run, store, lease)
        (self.sizes, self.sources, self.targets) = (sizes, sources, targets)
    }

    var queue: String { self.run.queue(of: self.place) }

    /// Leases rows, waiting until there is one.
    func lease(_ limit: Int) async throws -> [LeasedItem] {
        if self.node.interruption.isSet { throw self.node.interruption.stop }
        let store = self.store
        let rows = try await self.waiting { try await store.reserve(ReserveRequest(queue: self.queue, limit: limit)) }
        self.leases.withLock { $0.formUnion(rows.map(\.lease)) }
        return rows
    }

    /// Whether there is no row for the node that it does not hold.
    ///
    /// Rows may come after the one that says that there are no more: the node has sent them back to itself, they were
    /// put before the clock was set back, or who had the run before holds them until he finds out that he has lost it.
    var holdsAllRows: Bool {
        get async throws {
            let count = try await self.store.counts().first { $0.queue == self.queue }
            return (count?.total ?? 0) <= self.leases.withLock { $0.count }
        }
    }

    /// Commits what was made of rows, waiting for room in the links.
    ///
    /// Whoever has lost the run commits nothing: a source has no rows that another could have taken from it.
    @usableFromInline
    func commit(_ operations: [Operation], consuming rows: [LeaseReference]) async throws {
        let store = self.store
        let transaction = self.transaction(self.admitted(operations), consuming: rows)
        try await self.waiting { _ = try await store.commitWhenThereIsRoom(transaction) }
        self.leases.withLock { $0.subtract(rows) }
    }

    /// Commits as soon as there are fewer items in a queue.
    func commit(
        _ operations: [Operation],
        consuming rows: [LeaseReference],
        whenBelow count: Int,
        in queue: String
    ) async throws {
        let store = self.store
        let transaction = self.transaction(operations, consuming: rows)
        try await self.waiting {
            var isDone = false
            while !isDone {
                try await store.room(in: queue, below: count)
                do throws(PenstockError) {
                    _ = try await store.commit(transaction)
                    isDone = true
                } catch {
                    // Somebody else was faster.
                    guard error.code == .queueFull else { throw error }
                }
            }
        }
        self.leases.withLock { $0.subtract(rows) }
    }

    /// Commits the end of a node that has kept its rows.
    ///
    /// Those for which the transaction has no room go after it. Nobody would ask for them again.
    @usableFromInline
    func finish(_ operations: [Operation], consuming rows: [LeaseReference]) async throws {
        var (operations, rest) = (operations, rows[...])
        repeat {
            let some = rest.prefix(self.sizes.consumed)
            try await self.commit(operations, consuming: Array(some))
            (operations, rest) = ([], rest.dropFirst(some.count))
        } while !rest.isEmpty
    }

    private func transaction(_ operations: [Operation], consuming rows: [LeaseReference]) -> Transaction {
        Transaction([.settle(self.lease, .rest)] + rows.map { .settle($0, .consume) } + operations)
    }

    /// A queue has to have room for the first row of a transaction, and takes the others with it: one item may come to
    /// more than a queue holds.
    private func admitted(_ operations: [Operation]) -> [Operation] {
        var queues: Set<String> = []
        return operations.map { operation in
            guard case .push(var item) = operation, !queues.insert(item.queue).inserted else { return operation }
            item.capacity = nil
            return .push(item)
        }
    }

    private func waiting<Result>(_ body: () async throws -> Result) async throws -> Result {
        var result: Swift.Result<Result, any Error>?
        await self.node.counters.wait {
            do {
                result = .success(try await body())
            } catch {
                result = .failure(self.node.interruption.isSet ? self.node.interruption.stop : error)
            }
        }
        guard let result else { throw CancellationError() }
        return try result.get()
    }

    /// Gives back what the node still has, so that another run finds it.
    func giveBack() async {
        let leases = self.leases.withLock { leases in
            defer { leases = [] }
            return leases
        }
        for lease in leases.sorted(by: { $0.id < $1.id }) { _ = await self.store.relinquish(lease, news: .max) }
    }

    /// How far the node has come; `nil` when it has not begun.
    @usableFromInline
    func position<Position: Codable & Sendable>(as type: Position.Type) async throws -> Position? {
        let row = try await self.store.item(self.run.positionReference(self.place))
        return try row?.payload.decode(as: type)
    }

    /// Says how far the node has come.
    @usableFromInline
    func come<Position: Codable & Sendable>(to position: Position, isFirst: Bool) throws -> [Operation] {
        self.run.position(self.place, try Payload(encoding: position), isFirst: isFirst)
    }

    // MARK: What is put

    /// Rows for all that take what comes out of a port.
    @inlinable
    func push<Item: Sendable>(
        _ envelopes: [Envelope<Item>],
        port: Int,
        _ coder: ItemCoder<Item>
    ) throws -> [Operation] {
        guard self.isUsed(port) else { return [] }
        return try self.payloads(envelopes, coder).flatMap { self.rows($0, from: port) }
    }

    /// Items as rows, none of which has too many or is too long.
    @inlinable
    func payloads<Item: Sendable>(_ envelopes: [Envelope<Item>], _ coder: ItemCoder<Item>) throws -> [Payload] {
        var payloads: [Payload] = []
        var (start, most) = (0, self.chunk)
        while start < envelopes.count {
            let count = min(most, envelopes.count - start)
            let payload = try coder.encode(envelopes[start..<start + count])
            if let fewer = self.count(for: payload, of: count) {
                // What comes after it is as long.
                most = fewer
            } else {
                payloads.append(payload)
                start += count
            }
        }
        return payloads
    }

    @usableFromInline
    var chunk: Int { self.sizes.chunk }

    /// How many items go into a transaction, if they can be divided.
    @usableFromInline
    var batch: Int { self.sizes.rows * self.sizes.chunk }

    /// How many items there had better be in a row; `nil` when it is not too long.
    @usableFromInline
    func count(for payload: Payload, of count: Int) -> Int? {
        guard count > 1, payload.bytes.count > self.sizes.bytes else { return nil }
        return max(1, min(count / 2, count * self.sizes.bytes / payload.bytes.count))
    }

    @usableFromInline
    func isUsed(_ port: Int) -> Bool { !self.targets[port].isEmpty }

    @usableFromInline
    func rows(_ payload: Payload, from port: Int) -> [Operation] {
        self.targets[port].map { self.row(payload, to: $0) }
    }

    /// A row for one inlet.
    func row(_ payload: Payload, to target: Target, priority: Int = 0) -> Operation {
        let name = String(self.store.environment.entropy.next(), radix: 36)
        let key = "\(target.inlet):\(name)"
        return .push(
            NewItem(
                queue: target.queue,
                key: key,
                payload: payload,
                priority: priority,
                onDuplicate: .refuse,
                capacity: target.capacity
            )
        )
    }

    /// Says that there is no more: to all that take what comes out of any port, and to the next run of this node.
    @usableFromInline
    var end: [Operation] {
        var operations: [Operation] = []
        for (port, targets) in self.targets.enumerated() {
            for (number, target) in targets.enumerated() {
                let key = "\(target.inlet):\(DurableRow.end):\(self.place).\(port).\(number)"
                operations.append(
                    .push(NewItem(queue: target.queue, key: key, payload: Payload(bytes: Array("null".utf8))))
                )
            }
        }
        return operations + [self.run.done(self.place)]
    }
}

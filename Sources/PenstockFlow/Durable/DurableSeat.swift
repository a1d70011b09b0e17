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
    let place: Int
    /// How many ports send to each inlet.
    let sources: [Int]
    let targets: [[Target]]
    private let leases = Mutex<Set<LeaseReference>>([])

    init(_ node: NodeSeat, _ store: any Store, _ run: DurableNames, _ place: Int, sources: [Int], targets: [[Target]]) {
        (self.node, self.store, self.run, self.place) = (node, store, run, place)
        (self.sources, self.targets) = (sources, targets)
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

    /// Commits what was made of rows, waiting for room in the links.
    @usableFromInline
    func commit(_ operations: [Operation], consuming rows: [LeaseReference]) async throws {
        let store = self.store
        let transaction = Transaction(rows.map { .settle($0, .consume) } + operations)
        try await self.waiting { _ = try await store.commitWhenThereIsRoom(transaction) }
        self.leases.withLock { $0.subtract(rows) }
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
    var position: Int? {
        get async throws {
            let row = try await self.store.item(self.run.positionReference(self.place))
            return try row?.payload.decode(as: Int.self)
        }
    }

    /// Says how far the node has come.
    @usableFromInline
    func come(to count: Int, isFirst: Bool) throws -> [Operation] {
        try self.run.position(self.place, count, isFirst: isFirst)
    }

    // MARK: What is put

    /// How many rows a node leases at once, and how many may wait for it.
    static var rows: Int { 8 }

    /// How many items there are in a row at most.
    @usableFromInline
    static var chunk: Int { 1024 }

    /// Rows for all that take what comes out of a port.
    @inlinable
    func push<Item: Sendable>(
        _ envelopes: [Envelope<Item>],
        port: Int,
        _ coder: ItemCoder<Item>
    ) throws -> [Operation] {
        guard self.isUsed(port) else { return [] }
        var operations: [Operation] = []
        for start in stride(from: 0, to: envelopes.count, by: Self.chunk) {
            let part = envelopes[start..<min(start + Self.chunk, envelopes.count)]
            operations += self.rows(try coder.encode(part), from: port)
        }
        return operations
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

/// The names under which a run is in its store.
struct DurableNames: Sendable {
    let run: String

    /// The queue of a node.
    func queue(of place: Int) -> String { "\(self.run):\(place)" }

    /// The queue of the nodes that have ended, and of how far those have come that bring items in or take them out.
    var progress: String { "\(self.run):progress" }

    /// Says that a node has ended.
    func done(_ place: Int) -> Operation {
        .push(NewItem(queue: self.progress, key: "\(place) has ended", payload: Payload(bytes: Array("true".utf8))))
    }

    func doneReference(_ place: Int) -> ItemReference { .key(queue: self.progress, "\(place) has ended") }

    /// Says how far a node has come.
    func position(_ place: Int, _ count: Int, isFirst: Bool) throws -> [Operation] {
        let key = "\(place) has come to"
        let push = Operation.push(NewItem(queue: self.progress, key: key, payload: try Payload(encoding: count)))
        return isFirst ? [push] : [.pop(.key(queue: self.progress, key)), push]
    }

    func positionReference(_ place: Int) -> ItemReference { .key(queue: self.progress, "\(place) has come to") }
}

/// A row of a node's queue.
@usableFromInline
struct DurableRow {
    static let end = "end"
    /// The priority of rows that a node has sent to itself.
    static let returned = 1

    @usableFromInline
    let lease: LeaseReference
    let inlet: Int
    let isEnd: Bool
    let isReturned: Bool
    @usableFromInline
    let payload: Payload

    init(_ leased: LeasedItem) {
        let parts = leased.record.key.split(separator: ":", maxSplits: 2)
        self.lease = leased.lease
        self.inlet = parts.first.flatMap { Int($0) } ?? 0
        self.isEnd = parts.count > 1 && parts[1] == Self.end
        self.isReturned = leased.record.priority == Self.returned
        self.payload = leased.record.payload
    }
}

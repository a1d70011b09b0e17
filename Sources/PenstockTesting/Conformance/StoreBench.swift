import Penstock
import Synchronization

/// A store under test, and what the cases do with it in one line.
final class StoreBench: Sendable {
    let parts: TestingEnvironment
    private let conformance: StoreConformance
    private let place: String
    private let current: Mutex<any Store>

    private static let places = Atomic<Int>(0)

    init(_ conformance: StoreConformance, under parts: TestingEnvironment) async throws {
        self.conformance = conformance
        self.parts = parts
        self.place = "place-\(Self.places.add(1, ordering: .relaxed).newValue)"
        self.current = Mutex(try await conformance.open(self.place, self.parts.environment))
    }

    /// Looks at a store that is open already.
    init(over store: any Store) {
        self.conformance = StoreConformance(keeps: false) { _, _ in store }
        self.parts = RuntimeEnvironment.testing()
        self.place = ""
        self.current = Mutex(store)
    }

    var store: any Store { self.current.withLock { $0 } }
    var clock: ManualClock { self.parts.clock }

    /// Closes the store and opens it again at the same place.
    func reopen() async throws {
        await self.store.close()
        let store = try await self.conformance.open(self.place, self.parts.environment)
        self.current.withLock { $0 = store }
    }

    // MARK: Operations

    @discardableResult
    func commit(_ operations: Operation...) async throws -> Receipt {
        try await self.store.commit(Transaction(operations))
    }

    @discardableResult
    func push(
        _ key: String?,
        _ value: String = "1",
        to queue: String = "q",
        _ change: (inout NewItem) -> Void = { _ in }
    ) async throws -> ItemID {
        let receipt = try await self.commit(.push(self.item(key, value, queue: queue, change)))
        return try require(receipt.ids.first ?? nil, "an address in the receipt of a push")
    }

    func item(
        _ key: String?,
        _ value: String = "1",
        queue: String = "q",
        _ change: (inout NewItem) -> Void = { _ in }
    ) -> NewItem {
        var item = NewItem(queue: queue, key: key, payload: Self.payload(value))
        change(&item)
        return item
    }

    static func payload(_ text: String) -> Payload { Payload(bytes: Array(text.utf8)) }

    /// Who holds what is leased here.
    static let holder = Holder(number: 1)

    /// Waits for news of what is leased here.
    func news() async throws(PenstockError) -> [RunNews] { try await self.store.news(for: Self.holder) }

    /// Leases the next items that are ready now.
    func lease(_ queue: String = "q", limit: Int = 1, for duration: Duration? = nil) async throws -> [LeasedItem] {
        try await self.store.reserve(
            ReserveRequest(queue: queue, limit: limit, duration: duration, waits: false, holder: Self.holder)
        )
    }

    /// Leases the next item, which is expected to be ready.
    func leaseOne(
        _ queue: String = "q",
        for duration: Duration? = nil,
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws -> LeasedItem {
        try require(try await self.lease(queue, for: duration).first, "a ready item", file: file, line: line)
    }

    /// Leases the next item, waiting for it.
    func awaitOne(_ queue: String = "q") async throws -> LeasedItem {
        try require(try await self.store.reserve(ReserveRequest(queue: queue)).first, "an item after waiting")
    }

    @discardableResult
    func settle(_ leased: LeasedItem, _ settlement: Settlement) async throws -> Receipt {
        try await self.commit(.settle(leased.lease, settlement))
    }

    /// Adds a step to the journal of a run.
    func step(_ run: LeasedItem, _ number: Int, queue: String = "callee", result: String? = nil) -> Operation {
        let payload = Self.payload("\(number)")
        return .call(
            NewStep(
                id: ItemID(root: run.record.id.root, run: run.record.number, step: number),
                caller: run.record.id,
                queue: queue,
                payload: payload,
                digest: payload.digest,
                result: result.map(Self.payload)
            )
        )
    }

    /// A run that waits for steps 1 to `steps` of its journal, in the queue "flow".
    func parkedRun(_ key: String = "run", steps: Int = 1) async throws -> LeasedItem {
        try await self.push(key, to: "flow")
        let run = try await self.leaseOne("flow")
        var transaction = Transaction()
        for number in 1...steps { transaction.add(self.step(run, number)) }
        transaction.add(.settle(run.lease, .park(news: run.news)))
        _ = try await self.store.commit(transaction)
        return run
    }

    func record(_ id: ItemID, file: StaticString = #fileID, line: UInt = #line) async throws -> ItemRecord {
        try require(try await self.store.item(.id(id)), "item \(id.key)", file: file, line: line)
    }

    func state(_ id: ItemID) async throws -> ItemState? { try await self.store.item(.id(id))?.state }

    // MARK: The whole content

    /// Every row of the store.
    func content() async throws -> [ItemID: ItemRecord] {
        var rows: [ItemID: ItemRecord] = [:]
        var after: ItemRecord?
        repeat {
            let page = try await self.store.items(ItemQuery(.roots(queue: nil), after: after))
            for root in page { try await self.collect(root, into: &rows) }
            after = page.last
        } while after != nil
        return rows
    }

    private func collect(_ record: ItemRecord, into rows: inout [ItemID: ItemRecord]) async throws {
        try expect(rows.updateValue(record, forKey: record.id) == nil, "item \(record.id.key) is listed once")
        var after: ItemRecord?
        repeat {
            let scope = ItemQuery.Scope.journal(root: record.id.root, run: record.number)
            let page = try await self.store.items(ItemQuery(scope, after: after))
            for step in page { try await self.collect(step, into: &rows) }
            after = page.last
        } while after != nil
    }

    /// Expects the counts to equal a count of the rows.
    func checkCounts(file: StaticString = #fileID, line: UInt = #line) async throws {
        var expected: [String: [Int]] = [:]
        for row in try await self.content().values where !row.state.isSettled {
            let isReady = row.state == .ready
            expected[row.queue, default: [0, 0]][isReady ? 0 : 1] += 1
        }
        var found: [String: [Int]] = [:]
        for count in try await self.store.counts() where count.total != 0 || count.leased != 0 {
            found[count.queue] = [count.ready + count.leased, count.parked]
            try expect(
                count.ready >= 0 && count.leased >= 0 && count.parked >= 0,
                "no count is negative: \(count)",
                file: file,
                line: line
            )
        }
        try expect(found, is: expected, "the counts [ready and leased, parked]", file: file, line: line)
    }

    /// Expects an error, and that it has changed nothing.
    func refuses(
        _ code: PenstockError.Code,
        _ operations: Operation...,
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws {
        let before = try await self.content()
        try await expect(code, file: file, line: line) { _ = try await self.store.commit(Transaction(operations)) }
        let after = try await self.content()
        try expect(after == before, "a refused transaction changes no row", file: file, line: line)
        try await self.checkCounts(file: file, line: line)
    }
}

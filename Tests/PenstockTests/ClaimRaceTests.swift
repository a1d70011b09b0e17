import PenstockTesting
import Synchronization
import Testing

@testable import Penstock

/// Who is given an item while its row is changed: the rows are durable a moment before the index learns of it.
@Suite("A claim that comes while a row is changed")
struct ClaimRaceTests {
    private let index = IndexBox(QueueIndex(epoch: 1))
    private let table = MemoryTable()
    private static let one = Payload(bytes: [49])
    private static let now = Timestamp(milliseconds: 1)

    /// Applies a transaction, and leaves it to the caller to tell the index.
    private func apply(_ operations: Operation...) throws -> (receipt: Receipt, changes: [IndexChange]) {
        var applier = TransactionApplier(table: self.table, leases: self.index)
        applier.begin(at: Self.now, isCareful: true)
        try self.table.begin()
        let receipt = try applier.apply(Transaction(operations))
        try self.table.commit()
        return (receipt, applier.changes)
    }

    private func publish(_ changes: [IndexChange]) {
        self.index.withLock { index in
            for change in changes { _ = index.apply(change) }
        }
    }

    private func push() throws -> ItemID {
        let (receipt, changes) = try self.apply(.push(NewItem(queue: "q", key: "a", payload: Self.one)))
        self.publish(changes)
        return try #require(receipt.ids[0])
    }

    /// Claims the next item, or the one whose row somebody has read.
    private func claim(_ record: ItemRecord? = nil, for duration: Duration? = nil) -> Int64? {
        let request = ReserveRequest(queue: "q", duration: duration)
        return self.index.withLock { index in
            guard let record else { return index.reserve(request, now: Self.now, uptime: .zero).first?.token }
            return index.reserve(record, request, now: Self.now, uptime: .zero)
        }
    }

    private var counts: [Int] {
        self.index.withLock { index in
            let entry = index.queues["q"] ?? QueueIndex.Entry()
            return [entry.ready, entry.leased, entry.parked]
        }
    }

    @Test(arguments: [ControlVerb.delete, .restart])
    func `is not given for an item that is being deleted or begun again`(_ verb: ControlVerb) throws {
        let id = try self.push()
        let before = try self.table.item(id)
        let (_, changes) = try self.apply(.control(.id(id), verb))
        #expect(self.claim() == nil)
        #expect(self.claim(before) == nil)
        #expect(self.claim(try self.table.item(id)) == nil)
        self.publish(changes)
        #expect((self.claim() != nil) == (verb == .restart))
        #expect(self.counts == (verb == .restart ? [0, 1, 0] : [0, 0, 0]))
    }

    @Test func `on a row that is new is not ended by the news of it`() throws {
        let (receipt, changes) = try self.apply(.push(NewItem(queue: "q", key: "a", payload: Self.one)))
        let id = try #require(receipt.ids[0])
        let token = try #require(self.claim(try self.table.item(id)))
        self.publish(changes)
        #expect(self.claim() == nil)
        #expect(self.counts == [0, 1, 0])
        let settled = try self.apply(.settle(LeaseReference(id: id, token: token), .complete(Self.one)))
        self.publish(settled.changes)
        #expect(self.counts == [0, 0, 0])
    }

    @Test func `that is over is neither extended nor given back until that is recorded`() throws {
        let id = try self.push()
        let lease = LeaseReference(id: id, token: try #require(self.claim(for: .seconds(1))))
        let over = self.index.withLock { $0.takeExpired(at: .seconds(1)) }
        #expect(over == [lease])
        #expect(!self.index.withLock { $0.extend(lease, expires: nil) })
        #expect(self.index.withLock { $0.relinquish(lease, news: .max).isBack })
        #expect(self.claim() == nil)
        // What could not be recorded is tried again, and ends the lease then.
        #expect(self.index.withLock { $0.expireAgain(lease, at: .seconds(2)) })
        #expect(self.index.withLock { $0.takeExpired(at: .seconds(2)) } == [lease])
        let failure = Failure(.timedOut, pipeline: "q", message: "over")
        let ended = try self.apply(.settle(lease, .retry(after: .zero, failure)))
        #expect(self.claim() == nil)
        self.publish(ended.changes)
        #expect(self.claim() != nil)
        #expect(self.counts == [0, 1, 0])
    }

    /// What is done to an item that nobody holds.
    private static let others: [@Sendable (ItemID) -> Operation] = [
        { _ in .push(NewItem(queue: "q", key: "a", payload: Self.one, onDuplicate: .replace)) },
        { .pop(.id($0)) },
        { .resolve(.id($0), .resolve(Self.one)) },
        { .control(.id($0), .delete) },
    ]

    @Test(arguments: others.indices)
    func `is no obstacle to a transaction that ends it and goes on with the item`(_ number: Int) throws {
        let id = try self.push()
        let lease = LeaseReference(id: id, token: try #require(self.claim()))
        #expect(throws: PenstockError.self) { try self.apply(Self.others[number](id)) }
        let (_, changes) = try self.apply(.settle(lease, .release), Self.others[number](id))
        #expect(self.claim() == nil)
        self.publish(changes)
        #expect(self.counts == (number == 0 ? [1, 0, 0] : [0, 0, 0]))
    }
}

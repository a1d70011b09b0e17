import PenstockTesting
import Synchronization
import Testing

@testable import Penstock

/// Readers and waiters to whom what they are told has been overtaken.
@Suite("What is over before somebody has heard of it")
struct LateNewsTests {
    private final class Rows: Sendable {
        let table = Mutex(MemoryTable())
    }

    /// Runs jobs over rows that it shares, at once or when it is let.
    private final class GatedRunner: TableRunner {
        private let rows: Rows
        private let gate = Mutex((letsPast: Int.max, jobs: [@Sendable (MemoryTable) -> Void]()))

        init(_ rows: Rows) {
            self.rows = rows
        }

        /// Lets some jobs past, and keeps those that come later.
        func letPast(_ count: Int) {
            let jobs = self.gate.withLock { gate in
                defer { gate = (count - min(count, gate.jobs.count), Array(gate.jobs.dropFirst(count))) }
                return gate.jobs.prefix(count)
            }
            for job in jobs { self.rows.table.withLock { job($0) } }
        }

        var isKeepingJobs: Bool { self.gate.withLock { !$0.jobs.isEmpty } }

        func post(_ job: @escaping @Sendable (MemoryTable) -> Void) -> Bool {
            let isLetPast = self.gate.withLock { gate in
                guard gate.letsPast > 0 else {
                    gate.jobs.append(job)
                    return false
                }
                gate.letsPast -= 1
                return true
            }
            if isLetPast { self.rows.table.withLock { job($0) } }
            return true
        }

        func stop() async {}
    }

    @Test func `is not given to a reader, when it is a lease`() throws {
        let simulation = Simulation()
        try simulation.run {
            let rows = Rows()
            let (writer, reader) = (GatedRunner(rows), GatedRunner(rows))
            let store = try await EmbeddedStore(environment: simulation.environment, writer: writer, reader: reader)
            let item = NewItem(queue: "q", key: "a", payload: Payload(bytes: [49]))
            _ = try await store.commit(Transaction([.push(item)]))
            // The row is read to find the item, and once more when it was claimed, which takes too long.
            reader.letPast(1)
            let request = ReserveRequest(queue: "q", duration: .seconds(1), choice: .key("a"))
            async let waiting = store.reserve(request)
            while !reader.isKeepingJobs { await Task.yield() }
            try await simulation.clock.sleep(for: .seconds(2))
            reader.letPast(.max)
            let leased = try #require(try await waiting.first)
            #expect(leased.record.attempt == 2, "the attempt that was over before it began counts")
            #expect(leased.lease.token > leased.record.token)
            _ = try await store.commit(Transaction([.settle(leased.lease, .consume)]))
            await store.close()
        }
    }

    @Test func `is not told to those who wait, when it is the end of an item that was begun again`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let item = NewItem(queue: "q", key: "a", payload: Payload(bytes: [49]))
            let receipt = try await store.commit(Transaction([.push(item)]))
            let id = try #require(receipt.ids[0])
            async let end = store.settled(id)
            try await simulation.clock.sleep(for: .seconds(1))
            _ = try await store.commit(Transaction([.control(.id(id), .cancel), .control(.id(id), .restart)]))
            try await simulation.clock.sleep(for: .seconds(1))
            let leased = try #require(try await store.reserve(ReserveRequest(queue: "q")).first)
            _ = try await store.commit(Transaction([.settle(leased.lease, .complete(Payload(bytes: [50])))]))
            #expect(try await end?.state == .completed)
            await store.close()
        }
    }
}

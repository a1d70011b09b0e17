import DiskWorkload
import PenstockTesting
import PenstockThreads
import Synchronization
import Testing

@testable import Penstock
@testable import PenstockSQLite

/// Whoever posts a job as the store is closed is told that it will not run, and never waits for it in vain.
@Suite("A SQLite store that is closed under its callers")
struct ClosingTests {
    @Test func `jobs that came before the end are run, and those that come after it are refused`() {
        let mailbox = Mailbox<Int>()
        #expect(mailbox.add { _ in })
        #expect(mailbox.add { _ in })
        mailbox.stop()
        #expect(!mailbox.add { _ in })
        guard case .jobs(let jobs) = mailbox.next(maySleep: true), jobs.count == 2 else {
            Issue.record("what was accepted is lost")
            return
        }
        guard case .stop = mailbox.next(maySleep: true) else {
            Issue.record("what was refused is run, or the thread goes on")
            return
        }
        mailbox.stopped()
        #expect(!mailbox.add { _ in })
    }

    @Test func `a thread that was never started takes no jobs`() {
        let mailbox = Mailbox<Int>()
        mailbox.stopped()
        #expect(!mailbox.add { _ in })
    }

    /// The store's threads have ended and its inbox is still open: what a caller finds that `close` overtakes between
    /// the two.
    @Test func `transactions and reads that meet the closing of their store are refused`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1", key: "before")
        await store.writer.stop()
        await store.reader.stop()
        let commit = self.code { try await store.push("1", key: "late") }
        #expect(commit == .storeClosed)
        let read = self.code { _ = try await store.items(ItemQuery(.waiting(queue: "jobs"))) }
        #expect(read == .storeClosed)
        await store.close()
        #expect(try sqlite(folder.database, "SELECT key FROM penstock_items") == ["before"])
    }

    /// The error that a call throws at once; a refusal waits for no other thread, and a call that waits is not
    /// waited for.
    private func code(_ body: @escaping @Sendable () async throws -> Void) -> PenstockError.Code? {
        let simulation = Simulation()
        let code = Mutex<PenstockError.Code?>(nil)
        simulation.start {
            do {
                try await body()
            } catch let error as PenstockError {
                code.withLock { $0 = error.code }
            }
        }
        simulation.settle()
        return code.withLock { $0 }
    }
}

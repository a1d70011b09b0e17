import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import PenstockSQLiteTesting
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("What is acknowledged is on the disk", .timeLimit(.minutes(60)))
struct DurabilityTests {
    @Test func `each transaction is made durable before it is acknowledged, and in the weaker mode none is`()
        async throws
    {
        for durability in [SQLiteOptions.Durability.full, .relaxed] {
            var settings = CrashDisk.Settings()
            settings.durability = durability
            let disk = CrashDisk(settings)
            let store = try await disk.open(Notices().environment)
            for number in 0..<10 {
                let before = disk.count(of: [.sync])
                try await store.push("\(number)")
                let syncs = disk.count(of: [.sync]) - before
                #expect(durability == .full ? syncs > 0 : syncs == 0)
            }
            await store.close()
        }
    }

    @Test func `the log has its room from the beginning, so that making it durable is cheap`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        #expect(try bytes(of: "\(folder.database)-wal").count >= 4 << 20)
        await store.close()
    }

    @Test func `a log that has become long goes into the database in an idle moment`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let large = Payload(bytes: [UInt8](repeating: 32, count: 15 << 20))
        _ = try await store.commit(Transaction((0..<2).map { _ in .push(NewItem(queue: "jobs", payload: large)) }))
        // The writer does it by itself, without another call.
        let clock = LiveClock()
        let start = clock.uptime
        var status = stat()
        repeat {
            await Task.yield()
            #expect(unsafe stat(folder.database, &status) == 0)
        } while status.st_size < 30 << 20 && clock.uptime - start < .seconds(60)
        #expect(status.st_size >= 30 << 20)
        await store.close()
    }

    @Test func `a disk that fails to make a group durable is not asked again over the same connection`() async throws {
        let (disk, notices) = (CrashDisk(), Notices())
        let store = try await disk.open(notices.environment)
        try await store.push("1", key: "before")
        disk.setFault(.fail(at: 1, of: [.sync]))
        let error = await #expect(throws: PenstockError.self) { try await store.push("1", key: "lost") }
        #expect(error?.code == .storeUnavailable)
        try await store.push("1", key: "after")
        #expect(notices.all.contains { $0.contains("was opened again after a failure") }, "\(notices.all)")
        let keys = try await store.lease(5).map(\.record.key)
        #expect(keys.first == "before")
        #expect(keys.last == "after")
        await store.close()
        #expect(try disk.verify().problems == [])
    }

    /// Nothing can be opened then, so there is no connection over which anything could be undone.
    @Test func `a disk that goes on failing fails each transaction, and the process goes on`() async throws {
        let (disk, notices) = (CrashDisk(), Notices())
        let store = try await disk.open(notices.environment)
        try await store.push("1", key: "before")
        disk.setFault(.fail(at: 1, count: .max))
        for _ in 0..<3 {
            let error = await #expect(throws: PenstockError.self) { try await store.push("1", key: "lost") }
            #expect(error?.code == .storeUnavailable)
        }
        disk.setFault(nil)
        try await store.push("1", key: "after")
        #expect(try await store.lease(5).map(\.record.key) == ["before", "after"])
        await store.close()
    }

    /// SQLite answers with the new mode first, and writes it into the file after that.
    @Test func `a store whose log cannot be set up is not opened without one`() async throws {
        let disk = CrashDisk()
        disk.setFault(.fail(at: 1, of: [.sync]))
        let error = await #expect(throws: PenstockError.self) { _ = try await disk.open(Notices().environment) }
        #expect(error?.code == .storeUnavailable)
        try await disk.open(Notices().environment).close()
    }

    @Test func `what a sync that failed has left in the log is not built upon`() async throws {
        let disk = CrashDisk()
        let first = try await disk.open(Notices().environment)
        try await first.push("1", key: "before")
        disk.setFault(.fail(at: 1, of: [.sync]))
        await #expect(throws: PenstockError.self) { try await first.push("1", key: "unknown") }
        // The next process reads what the system shows, which is the whole log.
        let next = disk.afterKill()
        let second = try await next.open(Notices().environment)
        try await second.push("1", key: "after")
        for seed in 0..<20 as Range<UInt64> {
            let image = next.image(seed: seed)
            let third = try await image.open(Notices().environment)
            for key in ["before", "after"] {
                #expect(try await third.item(.key(queue: "jobs", key)) != nil, "'\(key)' with seed \(seed)")
            }
            await third.close()
        }
        await first.close()
        await second.close()
    }

    @Test func `claims that another life of the database made charge nobody`() async throws {
        let (folder, copies) = (try Folder(), try Folder())
        var store = try await openStore(folder.database)
        try await store.push("1", key: "held")
        _ = try await store.lease()
        // The owner's file as it was when the item was held, beside a database that has been opened once more since.
        try FileManager.default.copyItem(atPath: "\(folder.database)-owner", toPath: "\(copies.database)-owner")
        await store.close()
        try await openStore(folder.database).close()
        try FileManager.default.copyItem(atPath: folder.database, toPath: copies.database)
        store = try await openStore(copies.database)
        #expect(try await store.item(.key(queue: "jobs", "held"))?.attempt == 0)
        await store.close()
    }

    @Test func `claims that have ended make room for those to come`() async throws {
        let folder = try Folder()
        let path = folder.database
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try await openStore(path)
            // More than there are slots for, though never at once.
            _ = try await store.commit(
                Transaction((0..<5000).map { _ in .push(NewItem(queue: "jobs", payload: payload("1"))) })
            )
            for _ in 0..<14 {
                let items = try await store.lease(5000)
                _ = try await store.commit(Transaction(items.map { .settle($0.lease, .release) }))
            }
            try await store.push("1", key: "held", to: "others")
            _ = try await store.lease(from: "others")
            kill(getpid(), SIGKILL)
        }
        let store = try await openStore(path)
        #expect(try await store.item(.key(queue: "others", "held"))?.attempt == 1)
        #expect(try await store.lease()[0].record.attempt == 1)
        await store.close()
    }
}

@Suite("What a file of Penstock's looks like")
struct FormatTests {
    @Test func `states have the numbers that other versions wrote`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let failure = Failure(.failed, pipeline: "jobs", message: "no")
        _ = try await store.startRun(queue: "flow", calling: "step")
        let run = try await store.startRun(queue: "other", calling: "step")
        try await store.settle(run, .diverge(failure))
        for settlement in [Settlement.complete(payload("2")), .fail(failure)] {
            try await store.push("1")
            try await store.settle(try await store.lease()[0], settlement)
        }
        let id = try await store.push("1")
        _ = try await store.commit(Transaction([.control(.id(id), .cancel)]))
        try await store.push("1")
        await store.close()
        let states = "state || ' ' || (SELECT state FROM penstock_items AS i WHERE i.number = r.number)"
        let found = try sqlite(
            folder.database,
            "SELECT \(states) FROM penstock_rows AS r WHERE step = 0 ORDER BY number"
        )
        #expect(found == ["1 parked", "2 diverged", "3 completed", "4 failed", "5 cancelled", "0 ready"])
    }
}

@Suite("A query has a bound")
struct QueryTests {
    @Test func `a query without an end is stopped at its bound`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        func rows(_ count: Int) -> Transaction {
            var transaction = Transaction()
            transaction.sqlite { database in
                let rows = try database.query(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n",
                    SQLiteValue(count)
                )
                #expect(rows.count == count)
            }
            return transaction
        }
        _ = try await store.commit(rows(SQLiteDatabase.rowLimit))
        let error = await #expect(throws: PenstockError.self) {
            _ = try await store.commit(rows(SQLiteDatabase.rowLimit + 1))
        }
        #expect((error?.cause as? SQLiteError)?.code == .tooBig)
        await store.close()
    }
}

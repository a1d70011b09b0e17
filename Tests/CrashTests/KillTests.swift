import CrashWorkload
import Foundation
import Penstock
import PenstockSQLite
import PenstockTesting
import Synchronization
import Testing

@Suite("Real processes, really killed", .serialized)
struct KillTests {
    /// How many kills: 200 in the normal run, 2,000 in the long one.
    private static let kills = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == nil ? 200 : 2000

    @Test(.timeLimit(.minutes(60)))
    func `kill -9 over and over loses nothing and does nothing twice`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-kill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "app.db").path
        let seed = UInt64.random(in: .min ... .max)
        print("kill -9 seed: \(seed)")
        let random = SeededEntropy(seed: seed)

        var resumptions: [Duration] = []
        var killedAt: ContinuousClock.Instant?
        var next = 0
        for _ in 0..<Self.kills {
            var child = try ChildProcess("CrashWorker", [path, "0", "\(next)"])
            // Killed while opening, just after, or some way into the work: by its own progress, not by a clock.
            var lines = Int(random.next() % 24)
            while lines > 0, let line = child.line() {
                try #require(!line.hasPrefix("error"), "\(line)")
                next += 1
                // What had ended before is no sign of new work.
                guard line.hasPrefix("order") else { continue }
                if let time = killedAt { resumptions.append(time.duration(to: .now)) }
                killedAt = nil
                lines -= 1
            }
            killedAt = .now
            child.kill()
        }

        // All that was ordered so far, also what no line was read of, and no more.
        let orders = try await Self.ordered(path: path)
        #expect(orders >= next)
        var last = try ChildProcess("CrashWorker", [path, "\(orders)", "\(next)"])
        var final: String?
        while let line = last.line() { final = line }
        #expect(last.wait() == 0)
        #expect(final == "all")
        try await Self.check(path: path, orders: orders)

        resumptions.sort()
        let median = try #require(resumptions.isEmpty ? nil : resumptions[resumptions.count / 2])
        let worst = try #require(resumptions.last)
        print("kills: \(Self.kills), orders: \(orders), kill to next result: median \(median), worst \(worst)")
        // Not a benchmark: a lease that has to run out first would take a hundred times as long.
        #expect(median < .seconds(1))
    }

    /// How many orders there are: whole batches.
    private static func ordered(path: String) async throws -> Int {
        let engine = try await Workload.engine(path: path)
        var orders = 0
        while try await engine.run(of: Workload.order, key: "order-\(orders)") != nil { orders += Workload.batch }
        await engine.close()
        return orders
    }

    /// Every order ended once with its result, and every row and message of the user's is there once.
    private static func check(path: String, orders: Int) async throws {
        let report = try SQLiteStore.verify(path: path)
        #expect(report.problems.isEmpty, "\(report.problems.prefix(5))")
        let store = try await SQLiteStore(path: path)
        let control = Control(store: store)
        var seen = 0
        var last: ItemRecord?
        while true {
            let page = try await control.list(queue: "order", after: last, limit: 1000)
            guard let end = page.last else { break }
            for record in page {
                let x = try record.payload.decode(as: Int.self)
                #expect(record.state == .completed)
                #expect(try record.result?.decode(as: Int.self) == Workload.expected(x))
                seen += 1
            }
            last = end
        }
        #expect(seen == orders)
        let outbox = try Queue<Int>("outbox", in: store)
        let messages = try await outbox.count
        #expect(messages == orders, "one message for each order")
        let values = try await outbox.items(limit: orders + 1).map(\.value)
        #expect(Set(values) == Set(0..<orders))
        let ledger = try await Self.ledger(in: store)
        #expect(ledger.rows == orders && ledger.distinct == orders, "one row for each order")
        await store.close()
    }

    private static func ledger(in store: SQLiteStore) async throws -> (rows: Int, distinct: Int) {
        let counts = Mutex<[Int]>([])
        var transaction = Transaction()
        transaction.sqlite { database in
            let rows = try database.query("SELECT count(*), count(DISTINCT x) FROM ledger")
            counts.withLock { $0 = rows.first?.values.compactMap(\.integer) ?? [] }
        }
        _ = try await store.commit(transaction)
        let found = counts.withLock { $0 }
        return (try #require(found.first), try #require(found.last))
    }
}

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

        var (resumptions, seen) = try await Self.onItsOwnThread { try Self.killOverAndOver(path, random) }

        // All that was ordered so far, also what no line was read of, and no more.
        let orders = try await Self.ordered(path: path)
        #expect(orders >= seen)
        var last = try ChildProcess("CrashWorker", [path, "\(orders)"])
        var final: String?
        while let line = try last.line() { final = line }
        #expect(last.wait() == 0)
        #expect(final == "all")
        try await Self.check(path: path, orders: orders)

        resumptions.sort()
        let median = try #require(resumptions.isEmpty ? nil : resumptions[resumptions.count / 2])
        let worst = try #require(resumptions.last)
        print("figure: kills: \(Self.kills), orders: \(orders), kill to next result: median \(median), worst \(worst)")
        // Not a benchmark: a lease that has to run out first would take a hundred times as long.
        #expect(median < .seconds(1))
    }

    /// Kills worker after worker.
    /// - Returns: how long it took from each kill to the next new result, and how many orders were seen to end.
    private static func killOverAndOver(
        _ path: String,
        _ random: SeededEntropy
    ) throws -> (resumptions: [Duration], seen: Int) {
        var resumptions: [Duration] = []
        var killedAt: ContinuousClock.Instant?
        var seen = 0
        for _ in 0..<Self.kills {
            var child = try ChildProcess("CrashWorker", [path, "0"])
            // Killed while opening, just after, or some way into the work: by its own progress, not by a clock.
            for _ in 0..<Int(random.next() % 96) {
                let line = try child.line() ?? "nothing: it has ended by itself"
                guard line.hasPrefix("order") else { throw UnexpectedLine(line: line) }
                if let time = killedAt { resumptions.append(time.duration(to: .now)) }
                killedAt = nil
                seen += 1
            }
            killedAt = .now
            child.kill()
        }
        return (resumptions, seen)
    }

    private struct UnexpectedLine: Error {
        let line: String
    }

    /// Runs what blocks its thread where it keeps nobody else from working.
    private static func onItsOwnThread<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    private static func ordered(path: String) async throws -> Int {
        let engine = try await Workload.engine(path: path)
        let orders = try await Workload.count(in: engine)
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

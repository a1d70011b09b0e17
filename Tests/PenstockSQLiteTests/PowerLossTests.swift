import Foundation
import Penstock
import PenstockSQLite
import PenstockTesting
import Testing

/// The power fails at any moment: whatever the disk got to, what was acknowledged is there, whole.
@Suite("The power fails", .timeLimit(.minutes(60)))
struct PowerLossTests {
    /// How many states of the disk: 1,000 in the normal run, 100,000 in the long one.
    private static let states = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == nil ? 1000 : 100_000

    @Test func `nothing acknowledged is lost, and nothing is there by half`() async throws {
        let folder = try Folder()
        await #expect(processExitsWith: .success) { [folder = folder.path as String] in
            let paths = try await Self.trace(folder, .full)
            let seed = UInt64.random(in: .min ... .max)
            let lost = try Self.lose(paths, in: folder, states: Self.states, seed: seed)
            #expect(lost == [], "seed \(seed)")
        }
        print("figure: power failures: \(Self.states) states of the disk")
    }

    /// The same with a store that does not sync: a check that finds nothing there would find nothing anywhere.
    @Test func `a store that does not sync is found out`() async throws {
        let folder = try Folder()
        await #expect(processExitsWith: .success) { [folder = folder.path as String] in
            let paths = try await Self.trace(folder, .relaxed)
            #expect(try Self.lose(paths, in: folder, states: 300, seed: 1) != [])
        }
    }

    @Test func `a log that is cut anywhere keeps the longest whole part`() async throws {
        let folder = try Folder()
        let cuts = Self.states
        await #expect(processExitsWith: .success) { [folder = folder.path as String, cuts = cuts as Int] in
            let paths = try await Self.trace(folder, .full)
            let log = try #require(paths.firstIndex { $0.hasSuffix("-wal") })
            var (loss, end) = (PowerLoss(), 0)
            // From the first transaction that was acknowledged to the last, and not the checkpoint after that.
            var ends: [Int] = []
            for event in DiskTrace.all.events where ends.count <= 60 {
                loss.follow(event)
                if case .write(log, let offset, let bytes) = event { end = offset + bytes.count }
                if case .acknowledged = event { ends.append(end) }
            }
            let random = SeededEntropy(seed: 5)
            let image = loss.image(random)
            let (first, last) = (try #require(ends.first), try #require(ends.last))
            for _ in 0..<cuts {
                let cut = first + Int(random.next() % UInt64(last - first))
                var damaged = image
                damaged[log] = Array(image[log, default: []].prefix(cut))
                try Self.write(damaged, paths, to: folder)
                let whole = Set(ends.indices.filter { ends[$0] <= cut })
                #expect(try Self.problems("\(folder)/lost.db", whole) == [], "cut at \(cut)")
            }
        }
        print("figure: cuts of the log: \(cuts)")
    }

    /// Works on a store, and returns the paths of its files.
    ///
    /// Each transaction moves a number from one queue to another and pushes the next, with a row of the user's own.
    private static func trace(_ folder: String, _ durability: SQLiteOptions.Durability) async throws -> [String] {
        #expect(DiskTrace.install())
        let path = "\(folder)/traced.db"
        let store = try await openStore(path, options: SQLiteOptions(durability: durability))
        var table = Transaction()
        table.sql("CREATE TABLE ledger (x INTEGER NOT NULL)")
        _ = try await store.commit(table)
        try await store.push("0", key: "k0", to: "in")
        DiskTrace.acknowledged(0)
        for number in 1...60 {
            let item = try await store.lease(from: "in")[0]
            let text = "\"\(String(repeating: "\(number) ", count: number % 7 == 0 ? 3000 : 5))\""
            var transaction = Transaction([
                .settle(item.lease, .consume),
                .push(NewItem(queue: "out", key: "k\(number)", payload: payload(text))),
                .push(NewItem(queue: "in", key: "k\(number)", payload: payload("\(number)"))),
            ])
            transaction.sql("INSERT INTO ledger VALUES (?)", SQLiteValue(number))
            _ = try await store.commit(transaction)
            DiskTrace.acknowledged(number)
        }
        await store.close()
        return DiskTrace.all.paths
    }

    /// Makes states of the disk, from all over the trace, and opens the store in each of them.
    /// - Returns: what is wrong with them, the first few.
    private static func lose(_ paths: [String], in folder: String, states: Int, seed: UInt64) throws -> [String] {
        let (random, events) = (SeededEntropy(seed: seed), DiskTrace.all.events)
        // Before the first transaction is acknowledged there may be no store yet.
        let first = events.firstIndex { if case .acknowledged = $0 { true } else { false } } ?? 0
        var moments: [Int: Int] = [:]
        for _ in 0..<states { moments[first + Int(random.next() % UInt64(events.count - first)), default: 0] += 1 }
        var (loss, problems): (PowerLoss, [String]) = (PowerLoss(), [])
        for (place, event) in events.enumerated() {
            loss.follow(event)
            for _ in 0..<moments[place, default: 0] where problems.count < 5 {
                try Self.write(loss.image(random), paths, to: folder)
                problems += try Self.problems("\(folder)/lost.db", loss.acknowledged).map { "event \(place): \($0)" }
            }
        }
        return problems
    }

    private static func write(_ image: [Int: [UInt8]], _ paths: [String], to folder: String) throws {
        for suffix in ["", "-wal", "-shm", "-owner"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/lost.db\(suffix)")
        }
        for (file, bytes) in image {
            let name = paths[file].hasSuffix("-wal") ? "lost.db-wal" : "lost.db"
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
        }
    }

    private static func problems(_ path: String, _ acknowledged: Set<Int>) throws -> [String] {
        do {
            let report = try SQLiteStore.verify(path: path)
            guard report.isSound else { return report.problems }
        } catch {
            // Something was acknowledged, so there has to be a store.
            return ["\(error)"]
        }
        let last = acknowledged.max() ?? 0
        let ledger = try sqlite(path, "SELECT x FROM ledger ORDER BY x").compactMap { Int($0) }
        let out = try sqlite(path, "SELECT count(*) FROM penstock_items WHERE queue = 'out'").compactMap { Int($0) }
        let next = try sqlite(path, "SELECT key FROM penstock_items WHERE queue = 'in' AND state = 'ready'")
        let there = ledger.count
        var problems: [String] = []
        if there < last { problems.append("transaction \(last) was acknowledged, and \(there) are there") }
        if ledger != Array(1..<(there + 1)) { problems.append("the ledger has holes: \(ledger)") }
        if out != [there] { problems.append("\(there) rows of the user's, and \(out) items beside them") }
        if next != ["k\(there)"] { problems.append("\(there) moves, and what is next is \(next)") }
        return problems
    }
}

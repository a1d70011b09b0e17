import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import PenstockTesting
import Testing

/// A disk that changes one bit: whatever it hits, nothing is served that was not stored, and `verify` says so.
@Suite("One bit of the file is flipped")
struct BitFlipTests {
    /// How many bits: 300 in the normal run, 10,000 in the long one.
    private static let flips = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] == nil ? 300 : 10_000

    /// What became of one flip.
    private enum Outcome: Hashable {
        /// Nobody can tell: the bit is in nobody's use.
        case harmless
        /// The store is refused as a whole.
        case refused
        /// `verify` complains, and what is read is as it was, as far as it is read.
        case noticed
    }

    @Test(.timeLimit(.minutes(60)))
    func `a flipped bit is noticed or makes no difference, and is never served`() async throws {
        let folder = try Folder()
        try await Self.makeStore(folder)
        let sound = try bytes(of: folder.database)
        let content = try await Self.content(of: folder.database)
        #expect(content.rows.count > 100)

        let seed = UInt64.random(in: .min ... .max)
        let random = SeededEntropy(seed: seed)
        var outcomes: [Outcome: Int] = [:]
        var (tried, mended) = (0, 0)
        for number in 0..<Self.flips {
            let place = Int(random.next() % UInt64(sound.count * 8))
            var damaged = sound
            damaged[place / 8] ^= 1 << (place % 8)
            let path = folder.file("flip-\(number).db")
            try damaged.write(to: URL(filePath: path))
            let outcome = try await Self.outcome(path, content, "bit \(place) (seed \(seed))")
            outcomes[outcome, default: 0] += 1
            // Each costs several syncs, so the normal run tries every third.
            if outcome == .noticed, Self.flips > 300 || number.isMultiple(of: 3) {
                tried += 1
                if try await Self.isMended(path, content, "bit \(place) (seed \(seed))") { mended += 1 }
            }
            for suffix in ["", "-wal", "-shm", "-owner"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        }
        let (noticed, refused) = (outcomes[.noticed, default: 0], outcomes[.refused, default: 0])
        print(
            "figure: bit flips: \(Self.flips), noticed \(noticed) (\(mended) of \(tried) quarantined), "
                + "refused \(refused), harmless \(outcomes[.harmless, default: 0]), served 0 (seed \(seed))"
        )
        #expect(noticed + refused > Self.flips / 5, "a good part of the file is in use")
        #expect(mended * 2 > tried, "most of what is noticed is in rows")
    }

    private struct Content {
        var rows: [ItemID: ItemRecord]
        var counts: [QueueCount]
    }

    /// Rows of every kind: runs that wait and that have ended, their steps, keys, results, failures, large payloads.
    private static func makeStore(_ folder: Folder) async throws {
        let store = try await openStore(folder.database)
        for number in 0..<40 {
            let text = "\"" + String(repeating: "value \(number) ", count: number == 7 ? 900 : 3) + "\""
            try await store.push(text, key: "key-\(number)", priority: number % 3)
            if number % 2 == 0 {
                let item = try await store.lease()[0]
                try await store.settle(item, .complete(payload("\(number)")))
            }
            _ = try await store.startRun(queue: "flow", calling: "step")
        }
        await store.close()
    }

    private static func content(of path: String) async throws -> Content {
        let store = try await openStore(path)
        var rows: [ItemID: ItemRecord] = [:]
        let (counts, roots) = (try await store.counts(), try await store.items(ItemQuery(.roots(queue: nil))))
        for root in roots {
            rows[root.id] = root
            let steps = try? await store.items(ItemQuery(.journal(root: root.id.root, run: root.number)))
            for step in steps ?? [] { rows[step.id] = step }
        }
        await store.close()
        return Content(rows: rows, counts: counts)
    }

    private static func outcome(_ path: String, _ sound: Content, _ place: String) async throws -> Outcome {
        let problems: [String]?
        do {
            problems = try SQLiteStore.verify(path: path).problems
        } catch {
            problems = nil
        }
        let found: Content
        do {
            found = try await Self.content(of: path)
        } catch let error as PenstockError {
            #expect(problems != [], "\(place): refused with \(error), and verified as sound")
            return .refused
        }
        for (id, record) in found.rows {
            #expect(record == sound.rows[id], "\(place): item \(id.key) was served, and is not what was stored")
        }
        guard problems == [] else { return problems == nil ? .refused : .noticed }
        #expect(found.rows.count == sound.rows.count, "\(place): items are missing, and it was verified as sound")
        #expect(found.counts == sound.counts, "\(place): the counts differ, and it was verified as sound")
        return .harmless
    }

    /// Sets the damage aside, and looks whether what is left is sound and nothing but what was stored.
    /// - Returns: `false` when more is damaged than rows, and the store is left as it is.
    private static func isMended(_ path: String, _ sound: Content, _ place: String) async throws -> Bool {
        do {
            #expect(try SQLiteStore.quarantine(path: path).inspection.isSound, "\(place)")
        } catch {
            #expect(error.code == .storeUnusable || error.code == .damaged, "\(place): \(error)")
            return false
        }
        #expect(try SQLiteStore.verify(path: path).problems == [], "\(place)")
        for (id, record) in try await Self.content(of: path).rows where record != sound.rows[id] {
            // What is not as it was waits for an operator, and says why.
            #expect(record.failure?.kind == .damaged, "\(place): item \(id.key) was served")
        }
        return true
    }
}

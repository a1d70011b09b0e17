import Foundation
import Penstock
import PenstockSQLite
package import PenstockTesting

/// A disk that changes one bit of a store's file: whatever it hits, nothing is served that was not stored.
package struct BitFlips {
    /// Which bits are flipped.
    package enum Region: String, Sendable, CaseIterable {
        /// Any bit of the file, of which many are in nobody's use.
        case anywhere
        /// Those of the payloads of rows.
        case payload
        /// Those of the states of rows.
        case state
    }

    /// What became of one flip.
    package enum Outcome: Hashable, Sendable {
        /// Nobody can tell: the bit is in nobody's use.
        case harmless
        /// The store is refused as a whole.
        case refused
        /// `verify` complains, and what is read is as it was, as far as it is read.
        case noticed
    }

    /// A file with one bit flipped.
    package struct Flip: Sendable {
        /// Where it is; nobody removes it.
        package let path: String
        /// What became of it.
        package let outcome: Outcome
        /// What must not be.
        package let problems: [String]
        /// Which bit it is.
        package let place: String
    }

    private struct Content {
        var rows: [ItemID: ItemRecord]
        var counts: [QueueCount]
    }

    private let folder: String
    private let sound: Data
    private let content: Content
    /// The bytes of each region.
    private let places: [Region: [Int]]

    /// Makes a store in a folder, whose bits are to be flipped.
    package init(in folder: String) async throws {
        let path = "\(folder)/sound.db"
        try await Self.makeStore(path)
        let sound = try Data(contentsOf: URL(filePath: path))
        (self.folder, self.sound) = (folder, sound)
        self.content = try await Self.content(of: path)
        self.places = [
            .anywhere: Array(sound.indices),
            .payload: try Self.changes(of: path, "payload = zeroblob(length(payload))"),
            // Both have the same length in a row.
            .state: try Self.changes(of: path, "state = (state | 1) - (state & 1)"),
        ]
        guard self.content.rows.count > 100, self.places.values.allSatisfy({ $0.count > 100 }) else {
            throw Unfit(description: "\(self.content.rows.count) rows, \(self.places.mapValues(\.count))")
        }
    }

    /// The store is not one whose bits could be flipped.
    private struct Unfit: Error, CustomStringConvertible {
        let description: String
    }

    /// How many bytes a region has.
    package func count(of region: Region) -> Int { self.places[region, default: []].count }

    /// Rows of every kind: runs that wait and that have ended, their steps, keys, results, failures, large payloads.
    private static func makeStore(_ path: String) async throws {
        let store = try await SQLiteStore(path: path, environment: Self.quiet)
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

    private static let quiet = RuntimeEnvironment(report: { _ in })

    /// The bytes of the file in which a column stands: those that differ when all of it is changed in place.
    private static func changes(of path: String, _ assignment: String) throws -> [Int] {
        let copy = "\(path)-changed"
        defer { Self.remove(copy) }
        let column = assignment.prefix { $0 != " " }
        let versions = try ["\(column) = \(column)", assignment].map { assignment in
            Self.remove(copy)
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            try changeRows(copy, "UPDATE penstock_rows SET \(assignment)")
            try sqlite(copy, "PRAGMA wal_checkpoint(TRUNCATE)")
            return try Data(contentsOf: URL(filePath: copy))
        }
        return versions[0].indices.filter { versions[0][$0] != versions[1][$0] }
    }

    private static func content(of path: String) async throws -> Content {
        let store = try await SQLiteStore(path: path, environment: Self.quiet)
        var rows: [ItemID: ItemRecord] = [:]
        do {
            let (counts, roots) = (try await store.counts(), try await store.items(ItemQuery(.roots(queue: nil))))
            for root in roots {
                rows[root.id] = root
                for step in try await Self.journal(of: root, in: store) { rows[step.id] = step }
            }
            await store.close()
            return Content(rows: rows, counts: counts)
        } catch {
            await store.close()
            throw error
        }
    }

    /// The steps of a run; none if one of them is damaged.
    private static func journal(of root: ItemRecord, in store: SQLiteStore) async throws -> [ItemRecord] {
        do {
            return try await store.items(ItemQuery(.journal(root: root.id.root, run: root.number)))
        } catch  where error.code == .damaged {
            return []
        }
    }

    // MARK: Flipping

    /// Flips a bit in a copy of the file, and looks what becomes of it.
    package func flip(_ region: Region, number: Int, _ chance: SeededEntropy) async throws -> Flip {
        let places = self.places[region, default: []]
        let (byte, bit) = (places[Int(chance.next() % UInt64(places.count))], Int(chance.next() % 8))
        var damaged = self.sound
        damaged[byte] ^= 1 << bit
        let path = "\(self.folder)/flip-\(number).db"
        try damaged.write(to: URL(filePath: path))
        let place = "bit \(bit) of byte \(byte), in \(region.rawValue)"
        let (outcome, problems) = try await Self.naming(place, path) { try await self.outcome(path) }
        let isMissed = outcome == .harmless && region != .anywhere
        return Flip(
            path: path,
            outcome: outcome,
            problems: (problems + (isMissed ? ["was not noticed"] : [])).map { "\(place): \($0)" },
            place: place
        )
    }

    /// Something that nobody has foreseen, at a flip that can be looked at.
    package struct Surprise: Error, CustomStringConvertible {
        package let description: String
    }

    /// Does something with a flipped file; should it throw, the error names the flip, and the file is kept.
    package static func naming<Result>(
        _ place: String,
        _ path: String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            let kept = FileManager.default.temporaryDirectory.appending(path: "flip-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: kept, withIntermediateDirectories: true)
            for suffix in ["", "-wal", "-shm", "-owner"] where FileManager.default.fileExists(atPath: path + suffix) {
                let copy = kept.appending(path: "flip.db\(suffix)")
                try FileManager.default.copyItem(at: URL(filePath: path + suffix), to: copy)
            }
            throw Surprise(description: "\(place): \(error); what there was is in \(kept.path)")
        }
    }

    private func outcome(_ path: String) async throws -> (Outcome, problems: [String]) {
        let found: [String]?
        do {
            found = try SQLiteStore.verify(path: path).problems
        } catch {
            found = nil
        }
        let content: Content
        do {
            content = try await Self.content(of: path)
        } catch let error as PenstockError {
            return (.refused, found == [] ? ["refused with \(error), and verified as sound"] : [])
        }
        var problems: [String] = []
        for (id, record) in content.rows where record != self.content.rows[id] {
            problems.append("item \(id.key) was served, and is not what was stored")
        }
        guard found == [] else { return (found == nil ? .refused : .noticed, problems) }
        if content.rows.count != self.content.rows.count { problems.append("items are missing, and it was verified") }
        if content.counts != self.content.counts { problems.append("the counts differ, and it was verified") }
        return (.harmless, problems)
    }

    /// Looks through a file in which damage was set aside: what is left is sound, and nothing but what was stored.
    package func problemsWhenMended(_ flip: Flip) async throws -> [String] {
        var problems = try SQLiteStore.verify(path: flip.path).problems
        for (id, record) in try await Self.content(of: flip.path).rows where record != self.content.rows[id] {
            // What is not as it was waits for an operator, and says why.
            if record.failure?.kind != .damaged { problems.append("item \(id.key) was served when it was mended") }
        }
        return problems.map { "\(flip.place): \($0)" }
    }

    /// Removes a file, and what is beside it.
    package func remove(_ flip: Flip) { Self.remove(flip.path) }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm", "-owner"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}

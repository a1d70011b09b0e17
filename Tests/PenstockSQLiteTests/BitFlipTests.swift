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
    private static let flips = isLongRun ? 10_000 : 300

    @Test(.timeLimit(.minutes(60)), arguments: BitFlips.Region.allCases)
    func `a flipped bit is noticed or makes no difference, and is never served`(region: BitFlips.Region) async throws {
        let folder = try Folder()
        let bits = try await BitFlips(in: folder.path)
        let random = SeededEntropy(seed: UInt64.random(in: .min ... .max))
        var outcomes: [BitFlips.Outcome: Int] = [:]
        var (tried, mended) = (0, 0)
        let count = region == .anywhere ? Self.flips : Self.flips / 3
        for number in 0..<count {
            let flip = try await bits.flip(region, number: number, random)
            #expect(flip.problems == [], "\(random)")
            let isRow = region != .anywhere
            outcomes[flip.outcome, default: 0] += 1
            // Each costs several syncs, so the normal run tries every third.
            if isRow || flip.outcome == .noticed, isRow || isLongRun || number.isMultiple(of: 3) {
                let isMended = try await Self.isMended(flip, bits)
                #expect(isMended || !isRow, "\(flip.place) is in a row, and can be set aside (\(random))")
                (tried, mended) = (tried + 1, mended + (isMended ? 1 : 0))
            }
            bits.remove(flip)
        }
        let (noticed, refused) = (outcomes[.noticed, default: 0], outcomes[.refused, default: 0])
        print(
            "figure: bit flips in \(region.rawValue): \(count), noticed \(noticed) (\(mended) of \(tried) set aside), "
                + "refused \(refused), harmless \(outcomes[.harmless, default: 0]), served 0 (\(random))"
        )
        #expect(noticed + refused > count / 5, "a good part of the file is in use")
        #expect(mended * 2 > tried, "most of what is noticed is in rows")
    }

    /// Sets the damage aside, and looks whether what is left is sound and nothing but what was stored.
    /// - Returns: `false` when more is damaged than rows, and the store is left as it is.
    private static func isMended(_ flip: BitFlips.Flip, _ bits: BitFlips) async throws -> Bool {
        do {
            #expect(try SQLiteStore.quarantine(path: flip.path).inspection.isSound)
        } catch {
            #expect(error.code == .storeUnusable || error.code == .damaged, "\(error)")
            return false
        }
        #expect(try await bits.problemsWhenMended(flip) == [])
        return true
    }

    /// How a page may say something wrong of where its rows are, and how long they are.
    enum PageDamage: CaseIterable {
        /// The second of two neighbours is the first once more.
        case twice
        /// A row is longer than it is, and reaches into another.
        case longer

        func damage(_ file: Data, at cell: Int, of page: Int) -> Data {
            var damaged = file
            switch self {
            case .twice: damaged.replaceSubrange(cell + 2..<cell + 4, with: file[cell..<cell + 2])
            case .longer: damaged[page + (Int(file[cell]) << 8 | Int(file[cell + 1]))] ^= 8
            }
            return damaged
        }
    }

    @Test(arguments: PageDamage.allCases)
    func `a page that is wrong about its rows is set right or refused, and looked at to an end`(
        damage: PageDamage
    ) async throws {
        let folder = try Folder()
        _ = try await BitFlips(in: folder.path)
        let sound = try Data(contentsOf: URL(filePath: "\(folder.path)/sound.db"))
        let path = folder.database
        var (refused, mended) = (0, 0)
        for (cell, page) in Self.cells(of: sound) {
            for suffix in ["", "-wal", "-shm", "-owner"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            try damage.damage(sound, at: cell, of: page).write(to: URL(filePath: path))
            do {
                #expect(try SQLiteStore.quarantine(path: path).inspection.isSound)
                mended += 1
            } catch {
                #expect(error.code == .storeUnusable || error.code == .damaged, "\(error)")
                refused += 1
            }
        }
        print("figure: pages that are wrong about a row (\(damage)): \(mended) set right, \(refused) refused")
        #expect(refused > 0)
    }

    /// Where the pages of a file say where their rows are, for each row that is not the last of its page.
    private static func cells(of file: Data) -> [(cell: Int, page: Int)] {
        let size = Int(file[16]) << 8 | Int(file[17])
        return stride(from: 0, to: file.count, by: size).flatMap { page -> [(cell: Int, page: Int)] in
            let header = page == 0 ? 100 : page
            // A leaf of a table without row numbers, or of an index.
            guard file[header] == 0x0a else { return [] }
            let count = Int(file[header + 3]) << 8 | Int(file[header + 4])
            return (0..<max(0, count - 1)).map { (header + 8 + 2 * $0, page) }
        }
    }
}

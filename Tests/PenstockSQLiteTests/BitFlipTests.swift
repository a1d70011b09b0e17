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
}

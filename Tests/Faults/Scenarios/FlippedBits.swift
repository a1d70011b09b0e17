import DiskWorkload
import PenstockCommands
import PenstockTesting

/// F6: a bit of the file is flipped, in the payload of a row, in its state, or anywhere.
///
/// What was damaged is served to nobody, and in a row it is set aside, even if SQLite cannot read the row at all: small
/// states stand in its header, which says where its columns are.
struct FlippedBits: Scenario {
    let number = "F6"
    let title = "flipped bits"
    let unit = "flips"
    let counts = (short: 150, long: 10_000)

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        let bits = try await BitFlips(in: trial.newFolder("flips"))
        let regions = BitFlips.Region.allCases
        var counts: [String: Int] = [:]
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let region = regions[outcome.count % regions.count]
            let flip = try await bits.flip(region, number: outcome.count, trial.random)
            outcome.problems += flip.problems
            let (isMended, left) = try await BitFlips.naming(flip.place, flip.path) {
                let isMended = try flip.outcome != .harmless && Self.setAside(flip, trial)
                return (isMended, isMended ? try await bits.problemsWhenMended(flip) : [])
            }
            outcome.problems += left
            if !isMended, region != .anywhere {
                outcome.problems.append("\(flip.place): was not set aside")
            }
            let kind = region == .anywhere ? "\(flip.outcome)" : region.rawValue
            counts[kind, default: 0] += 1
            if isMended { counts["mended \(kind)", default: 0] += 1 }
            if outcome.problems.isEmpty { bits.remove(flip) }
            outcome.count += 1
        }
        func words(_ kind: String) -> String { Report.words(counts[kind, default: 0]) }
        outcome.figure = """
            \(words("payload")) of payloads and \(words("state")) of states: all noticed, none served, \
            \(words("mended payload")) and \(words("mended state")) set aside; elsewhere \(words("noticed")) noticed \
            (\(words("mended noticed")) set aside), \(words("refused")) refused (\(words("mended refused")) set \
            aside), \(words("harmless")) in nobody's use.
            """
        return outcome
    }

    /// Has a process set the damage aside.
    /// - Returns: `false` when more is damaged than rows, which it has to say.
    private static func setAside(_ flip: BitFlips.Flip, _ trial: Trial) throws -> Bool {
        let (status, said) = try CommandWorker.run(["verify", "--quarantine", "--db", flip.path], trial)
        if status == .unusable { return false }
        // Whoever opened the store may have written over the bit already.
        if status == .success { return true }
        guard status == .failure else { throw Unexpected("\(flip.place): verify ended with \(status): \(said)") }
        return said.contains("is sound now")
    }
}

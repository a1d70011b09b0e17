import Penstock
import PenstockSQLite
import PenstockTesting
import SimulationWorkload

/// Has threads race for the ends of so many items, over a real store and by the real clock.
struct RacingWorker: Worker {
    static let name = "racing"

    /// Where the items are.
    enum Kind: String, CaseIterable {
        case memory
        case sqlite
    }

    private let kind: Kind
    private let path: String
    private let count: Int
    private let chance: SeededEntropy

    /// How many races there are at once.
    private static let lanes = 16

    init(_ arguments: [String]) throws {
        guard arguments.count == 4, let kind = Kind(rawValue: arguments[0]), let count = Int(arguments[2]),
            let seed = UInt64(arguments[3])
        else { throw Unexpected("racing KIND PATH COUNT SEED") }
        (self.kind, self.path, self.count) = (kind, arguments[1], count)
        self.chance = SeededEntropy(seed: seed)
    }

    func run() async throws {
        let store: any Store
        switch self.kind {
        case .memory: store = try await MemoryDisk().open(StoreCheck.quiet)
        case .sqlite: store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        }
        try await withThrowingTaskGroup { group in
            for lane in 0..<Self.lanes {
                let race = SettlementRace(
                    over: store,
                    queue: "race-\(lane)",
                    chance: SeededEntropy(seed: self.chance.next()),
                    beat: .microseconds(200)
                )
                let count = self.count / Self.lanes + (lane < self.count % Self.lanes ? 1 : 0)
                group.addTask {
                    for _ in 0..<count {
                        for problem in try await race.run() { say("problem \(problem)") }
                    }
                }
            }
            try await group.waitForAll()
        }
        let open = try await store.counts().reduce(0) { $0 + $1.total }
        if open > 0 { say("problem \(open) items are counted, and there are none") }
        await store.close()
        say("all")
    }
}

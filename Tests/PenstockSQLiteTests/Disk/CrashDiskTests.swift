import DiskWorkload
import Penstock
import PenstockSQLite
import PenstockSQLiteTesting
import PenstockTesting
import Synchronization
import Testing

@Suite("A disk in memory that fails when it is told to", .timeLimit(.minutes(60)))
struct CrashDiskTests {
    /// The disks of a test, by name.
    private final class Disks: Sendable {
        private let disks = Mutex<[String: CrashDisk]>([:])

        subscript(name: String) -> CrashDisk {
            self.disks.withLock { disks in
                if let disk = disks[name] { return disk }
                let disk = CrashDisk()
                disks[name] = disk
                return disk
            }
        }
    }

    /// What was acknowledged, in the order in which it was.
    private final class Commits: Sendable {
        private let list = Mutex<[String]>([])

        var all: [String] { self.list.withLock { $0 } }

        func add(_ commit: String) { self.list.withLock { $0.append(commit) } }
    }

    @Test(arguments: StoreConformance.cases)
    func `the store on it keeps its promise`(_ promise: ConformanceCase) async throws {
        let disks = Disks()
        let conformance = StoreConformance(keeps: true) { place, environment in
            try await disks[place].open(environment)
        }
        try await conformance.check(promise)
    }

    @Test func `belongs to one store at a time`() async throws {
        let disk = CrashDisk()
        let store = try await disk.open(Notices().environment)
        let error = await #expect(throws: PenstockError.self) { _ = try await disk.open(Notices().environment) }
        #expect(error?.code == .storeOwned)
        await store.close()
        try await disk.open(Notices().environment).close()
    }

    @Test func `keeps what was written when a process is killed, and what was synced when the power fails`()
        async throws
    {
        var settings = CrashDisk.Settings()
        settings.durability = .relaxed
        let disk = CrashDisk(settings)
        let store = try await disk.open(Notices().environment)
        try await store.push("1", key: "a")
        _ = try await store.lease()
        var found: Set<String> = []
        for seed in 0..<20 as Range<UInt64> {
            let after = try await disk.image(seed: seed).open(Notices().environment)
            let item = try await after.item(.key(queue: "jobs", "a"))
            found.insert(item.map { "there, attempt \($0.attempt)" } ?? "lost")
            await after.close()
        }
        // Nobody knows what was at work when the power fails.
        #expect(found == ["there, attempt 0", "lost"])
        let after = try await disk.afterKill().open(Notices().environment)
        #expect(try await after.item(.key(queue: "jobs", "a"))?.attempt == 1)
        await after.close()
        let error = await #expect(throws: PenstockError.self) { try await store.push("1", key: "b") }
        #expect(error?.code == .storeUnavailable)
        await store.close()
    }

    @Test func `nobody is charged for an item that could not be read`() async throws {
        let disk = CrashDisk()
        let store = try await disk.open(Notices().environment)
        // So long that the store does not keep it in memory.
        try await store.push(String(repeating: "1", count: 20_000), key: "a")
        disk.setFault(.fail(at: 1, of: [.read], count: .max))
        await #expect(throws: PenstockError.self) { try await store.lease() }
        disk.setFault(nil)
        let after = try await disk.afterKill().open(Notices().environment)
        #expect(try await after.item(.key(queue: "jobs", "a"))?.attempt == 0)
        await after.close()
        await store.close()
    }

    @Test func `an attempt that was recorded is not charged, though the process is killed before it says so`()
        async throws
    {
        let disk = CrashDisk()
        let store = try await disk.open(Notices().environment)
        try await store.push("1", key: "a")
        let item = try await store.lease()[0]
        // As it is when the commit is durable, and nobody has heard of it.
        let left = Mutex<CrashDisk?>(nil)
        disk.afterEveryChange { [disk = disk as CrashDisk] in left.withLock { $0 = disk.copy() } }
        try await store.settle(item, .retry(after: .zero, Failure(.failed, pipeline: "jobs", message: "no")))
        disk.afterEveryChange(nil)
        let after = try await #require(left.withLock { $0 }).open(Notices().environment)
        #expect(try await after.item(.key(queue: "jobs", "a"))?.attempt == 1)
        await after.close()
        await store.close()
    }

    @Test func `equal seeds do the same to the disk, and others something else`() throws {
        let first = try (0..<4 as Range<UInt64>).map { try self.life(seed: $0) }
        for (seed, life) in zip(0..<4 as Range<UInt64>, first) {
            let again = try self.life(seed: seed)
            #expect(again.events == life.events, "seed \(seed)")
            #expect(again.commits == life.commits, "seed \(seed)")
            #expect(again.left == life.left, "seed \(seed)")
        }
        #expect(Set(first.map(\.events)).count == first.count)
    }

    /// What a program does to a disk until the power fails, and what is left.
    private func life(seed: UInt64) throws -> (events: [DiskEvent], commits: [String], left: [ItemID: ItemState]) {
        var settings = CrashDisk.Settings()
        settings.recordsEvents = true
        settings.checkpointFrames = 20
        let disk = CrashDisk(settings)
        let simulation = Simulation(seed: seed)
        let commits = Commits()
        disk.setFault(.stop(at: 300))
        _ = try? simulation.run { [environment = simulation.environment] in
            let store = try await disk.open(environment)
            try await withThrowingTaskGroup { group in
                for task in 0..<4 {
                    group.addTask {
                        for number in 0..<20 {
                            let item = NewItem(queue: "q\(task)", key: "\(number)", payload: payload("\(number)"))
                            _ = try await store.commit(Transaction([.push(item)]))
                            commits.add("\(task) \(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let after = disk.afterPowerFailure(seed: seed)
        let next = Simulation(seed: seed)
        let left = try next.run { [environment = next.environment] in
            let store = try await after.open(environment)
            let items = try await store.items(ItemQuery(.roots(queue: nil)))
            await store.close()
            return Dictionary(uniqueKeysWithValues: items.map { ($0.id, $0.state) })
        }
        return (disk.events, commits.all, left)
    }
}

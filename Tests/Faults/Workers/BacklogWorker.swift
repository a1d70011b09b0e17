import CLinux
import Penstock
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// Measures what a store does under more than it can work on.
///
/// - `fill`: pushes so many items.
/// - `reserve`: opens a store with a backlog, and leases from it in turns with a queue that has none.
/// - `flood`: eight producers push without end into a bounded queue that nobody reads, until so many were pushed back.
/// - `herd`: so many items are due at one instant, and as many consumers wait for them.
struct BacklogWorker: Worker {
    static let name = "backlog"

    private let kind: String
    private let path: String
    private let count: Int

    init(_ arguments: [String]) throws {
        guard arguments.count == 3, let count = Int(arguments[2]) else { throw Unexpected("backlog KIND PATH COUNT") }
        self.kind = arguments[0]
        self.path = arguments[1]
        self.count = count
    }

    func run() async throws {
        let start = ContinuousClock.now
        let store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        say("open \(start.duration(to: .now).milliseconds)")
        switch self.kind {
        case "fill": try await self.fill(store)
        case "reserve": try await self.reserve(from: store)
        case "flood": try await self.flood(store)
        case "herd": try await self.herd(store)
        default: throw Unexpected("there is no kind '\(self.kind)'")
        }
        let problems = try await Recount.problems(in: store)
        guard problems.isEmpty else { throw Unexpected("\(problems)") }
        await store.close()
        say("all")
    }

    private static func item(_ queue: String, _ number: Int, due: Timestamp? = nil) throws -> Operation {
        .push(NewItem(queue: queue, payload: try Payload(encoding: number), due: due))
    }

    private func fill(_ store: SQLiteStore) async throws {
        for start in stride(from: 0, to: self.count, by: 10_000) {
            let end = min(start + 10_000, self.count)
            _ = try await store.commit(Transaction(try (start..<end).map { try Self.item("backlog", $0) }))
        }
    }

    private func reserve(from store: SQLiteStore) async throws {
        var times: [String: [Duration]] = [:]
        let before = Memory.ofThisProcess
        for number in 0..<self.count {
            _ = try await store.commit(Transaction([try Self.item("empty", number)]))
            for queue in ["empty", "backlog"] {
                let start = ContinuousClock.now
                let leased = try await store.reserve(ReserveRequest(queue: queue, waits: false))
                times[queue, default: []].append(start.duration(to: .now))
                guard let item = leased.first else { throw Unexpected("queue '\(queue)' has nothing") }
                _ = try await store.commit(Transaction([.settle(item.lease, .consume)]))
            }
        }
        for (queue, all) in times { say("p99 \(queue) \(all.sorted()[all.count * 99 / 100].microseconds)") }
        say("memory \(before) \(Memory.ofThisProcess)")
    }

    private func flood(_ store: SQLiteStore) async throws {
        let capacity = 1000
        let refused = Counter()
        var highest = 0
        let queue = try Queue<Int>("bounded", in: store, capacity: capacity, whenFull: .refuse)
        let before = Memory.ofThisProcess
        try await withThrowingTaskGroup(of: Int.self) { group in
            for producer in 0..<8 {
                group.addTask {
                    while refused.value < self.count {
                        do {
                            try await queue.push(producer)
                        } catch let error as PenstockError where error.code == .queueFull {
                            refused.add(1)
                        }
                    }
                    return 0
                }
            }
            group.addTask {
                var highest = 0
                while refused.value < self.count {
                    highest = max(highest, try await queue.count)
                    await Task.yield()
                }
                return highest
            }
            for try await count in group { highest = max(highest, count) }
        }
        let there = try await queue.count
        guard there == capacity, highest <= capacity else {
            throw Unexpected("a queue of \(capacity) has \(there) items, and has had \(highest)")
        }
        say("memory \(before) \(Memory.ofThisProcess)")
        // Those who wait for room get it, each in its turn.
        let waiting = try Queue<Int>("bounded", in: store, capacity: capacity, whenFull: .wait)
        try await withThrowingTaskGroup { group in
            for producer in 0..<8 {
                group.addTask { for _ in 0..<100 { try await waiting.push(producer) } }
            }
            group.addTask {
                for _ in 0..<capacity + 800 { try await waiting.reserve().complete() }
            }
            try await group.waitForAll()
        }
    }

    private func herd(_ store: SQLiteStore) async throws {
        let due = store.environment.clock.now + .milliseconds(500)
        let pushes = try (0..<self.count).map { try Self.item("herd", $0, due: due) }
        _ = try await store.commit(Transaction(pushes))
        let files = Files.names(in: "/proc/self/fd").count
        let times = try await withThrowingTaskGroup { group in
            for _ in 0..<self.count {
                group.addTask {
                    guard let item = try await store.reserve(ReserveRequest(queue: "herd")).first else {
                        throw Unexpected("the item that was waited for is not there")
                    }
                    let late = store.environment.clock.now - due
                    guard late >= .zero else { throw Unexpected("an item was leased \(late) after it was due") }
                    var end = Transaction([.settle(item.lease, .consume)])
                    end.add(.push(NewItem(queue: "done", payload: item.record.payload)))
                    _ = try await store.commit(end)
                    return late.milliseconds
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        let opened = Files.names(in: "/proc/self/fd").count - files
        guard opened <= 2 else { throw Unexpected("\(opened) files were opened for \(self.count) consumers") }
        say("late \(times.max() ?? 0)")
    }
}

/// How much memory a process holds.
enum Memory {
    /// Bytes.
    static var ofThisProcess: Int { self.of("self") }

    /// How many bytes this process has taken from the heap and not given back, in all arenas.
    static var inUse: Int { Int(clinux_heap_in_use()) }

    static func of(_ process: String) -> Int {
        let pages = Files.text("/proc/\(process)/statm").split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}

extension Duration {
    /// Whole milliseconds, for figures.
    var milliseconds: Int { self.microseconds / 1000 }

    /// Whole microseconds, for figures.
    var microseconds: Int {
        let (seconds, attoseconds) = self.components
        return Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    }
}

import CrashWorkload
import Penstock
import PenstockTesting

#if canImport(Glibc)
import Glibc
#endif

/// Works on the mixed workload until it is killed, asked to end, or done.
///
/// It writes `open` when it has the store, `order N` for each order that ends now, and `notice …` for what the
/// operator ought to know.
struct MixedWorker: Worker {
    static let name = "mixed"

    /// How many orders come at once: so few that the first of them have soon ended.
    private static let batch = 20

    /// How long a process that is asked to end waits for what is under way: all of it, when nothing can be recorded.
    static let drainLimit = Duration.seconds(1)

    private let path: String
    /// How many orders there shall be; 0 is always another batch, so that the work never ends before the fault.
    private let orders: Int
    /// Whether orders are removed when they have ended, and their books closed.
    private let isTidy: Bool
    private let clock: any PenstockClock

    init(_ arguments: [String]) throws {
        guard arguments.count >= 2, let orders = Int(arguments[1]) else { throw Unexpected("mixed PATH ORDERS") }
        self.path = arguments[0]
        self.orders = orders
        self.isTidy = arguments.contains("tidy")
        let file = arguments.first { $0.hasPrefix("clock=") }?.dropFirst(6)
        self.clock = try file.map { try Self.clock(setBy: String($0)) } ?? LiveClock()
        // A file that is too long for its limit is an error like another, not the end of the process.
        _ = signal(SIGXFSZ, arguments.contains("heedless") ? SIG_IGN : SIG_DFL)
    }

    /// A wall clock that somebody sets in a file: how many milliseconds it is before or after the machine's, and how
    /// many thousandths of a second it takes for one.
    private static func clock(setBy file: String) throws -> ShiftedClock {
        let descriptor = unsafe Glibc.open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unexpected("the clock '\(file)' cannot be read: \(Files.reason)") }
        let (live, start) = (LiveClock(), LiveClock().uptime)
        return ShiftedClock(live) {
            var setting: (shift: Int64, thousandths: Int64) = (0, 1000)
            guard unsafe pread(descriptor, &setting, 16, 0) == 16 else { return .zero }
            return .milliseconds(setting.shift) + (live.uptime - start) * Int(setting.thousandths - 1000) / 1000
        }
    }

    func run() async throws {
        let environment = RuntimeEnvironment(clock: self.clock, report: { say("notice \($0.message)") })
        let configuration = EngineConfiguration(storeRetryDelay: .milliseconds(10), drainLimit: Self.drainLimit)
        let engine = try await Workload.engine(path: path, configuration: configuration, environment: environment)
        let task = Task {
            try await patiently { try await Workload.makeTable(in: engine) }
            try await engine.run { try await self.work(in: engine) }
        }
        try System.whenAskedToEnd { task.cancel() }
        say("open")
        do {
            try await task.value
            let problems = try await patiently { try await Recount.problems(in: engine.store) }
            guard problems.isEmpty else { throw Unexpected("\(problems)") }
            await engine.close()
            say("all")
        } catch  where task.isCancelled {
            await engine.close()
            say("drained \(engine.statistics.attempts)")
        }
    }

    private func work(in engine: Engine) async throws {
        if self.isTidy { return try await self.workTidily(in: engine) }
        while true {
            let open = try await patiently { try await Workload.open(in: engine) }
            try await self.wait(for: open, in: engine)
            guard open.isEmpty else { continue }
            let count = try await patiently { try await Workload.count(batch: Self.batch, in: engine) }
            if self.orders > 0, count >= self.orders { return }
            try await patiently { try await Workload.order(from: count, batch: Self.batch, in: engine) }
        }
    }

    /// Orders one batch after the other, and closes the books of each.
    private func workTidily(in engine: Engine) async throws {
        try await patiently { try await Books.open(in: engine) }
        while true {
            let first = try await patiently { try await Books.closed(in: engine) } * Books.batch
            if self.orders > 0, first >= self.orders { return }
            try await patiently { try await Workload.order(from: first, batch: Books.batch, in: engine) }
            let open = try await patiently { try await Workload.open(in: engine) }
            try await self.wait(for: open, in: engine)
            guard open.isEmpty else { continue }
            try await patiently { try await Books.close(from: first, in: engine) }
            say("books \(first) \(Memory.inUse)")
        }
    }

    private func wait(for orders: [ItemRecord], in engine: Engine) async throws {
        try await withThrowingTaskGroup { group in
            for order in orders {
                group.addTask {
                    let x = try order.payload.decode(as: Int.self)
                    let end = try await patiently { try await engine.store.settled(order.id) }
                    guard try end?.result?.decode() == Workload.expected(x) else {
                        throw Unexpected("order \(x) came to \(String(describing: end?.result))")
                    }
                    say("order \(x)")
                }
            }
            try await group.waitForAll()
        }
    }
}

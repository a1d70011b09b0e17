/// A store on which processes work on the mixed workload, one after the other, and what they say of it.
final class Mixed {
    let path: String
    private let log: String
    private let said = Said()
    /// The process that works, where it outlives a fault.
    private var current: ChildProcess?

    /// What any of the processes has said.
    private final class Said {
        /// The orders that have ended.
        var orders: Set<Int> = []

        func hear(_ line: String) {
            guard line.hasPrefix("order "), let order = Int(line.dropFirst(6)) else { return }
            self.orders.insert(order)
        }
    }

    init(path: String, trial: Trial) {
        self.path = path
        self.log = "\(trial.folder)/log"
    }

    /// Starts a process that works without end, or until there are so many orders and all have ended.
    func start(orders: Int = 0, _ options: [String] = [], under wrapper: [String] = []) throws -> ChildProcess {
        // Orders that are removed when they have ended are found in the books only.
        let said = options.contains("tidy") ? nil : self.said
        return try ChildProcess(
            [MixedWorker.name, self.path, "\(orders)"] + options,
            under: wrapper,
            log: self.log,
            heard: { said?.hear($0) }
        )
    }

    /// The process that is at work, or a new one if there is none.
    func running(_ options: [String] = []) throws -> ChildProcess {
        if let current { return current }
        let child = try self.start(options)
        try child.line("order")
        self.current = child
        return child
    }

    /// Kills the process that is at work.
    func kill() {
        self.current?.kill()
        self.current = nil
    }

    /// Has everything that was ordered brought to its end, and looks the store through.
    /// - Returns: what is wrong with it, and how many orders there were.
    func finish() async throws -> (problems: [String], orders: Int) {
        self.kill()
        let (orders, lost) = try await StoreCheck.orders(path: self.path, losing: self.said.orders)
        // A store to which nobody came has no table of the user's yet.
        let last = try self.start(orders: max(orders, 1))
        try last.line("all")
        guard try last.exit() == .code(WorkerExit.done) else {
            return (["the last process did not end well"], orders)
        }
        let count = try await StoreCheck.orders(path: self.path, losing: []).orders
        return (lost + (try await StoreCheck.problems(path: self.path, orders: count)), count)
    }
}

extension Trial {
    /// Does faults to processes that work on the mixed workload, so many on one store, until it has done enough: then
    /// everything is brought to its end, and the store is looked through.
    ///
    /// A store would grow without end otherwise.
    /// - Parameters:
    ///   - lives: How often `body` is called for one store.
    ///   - outcome: Where `body` counts what it has done.
    ///   - place: Makes a folder for a store.
    func onStores(
        lives: Int,
        _ outcome: inout Outcome,
        in place: (() throws -> String)? = nil,
        _ body: (Mixed, _ life: Int, _ outcome: inout Outcome) async throws -> Void
    ) async throws {
        var idle = 0
        while outcome.count < self.count, outcome.problems.count < 5 {
            let before = outcome.count
            let folder = try place?() ?? self.newFolder("store")
            let mixed = Mixed(path: "\(folder)/app.db", trial: self)
            var life = 0
            while life < lives, outcome.count < self.count {
                try await body(mixed, life, &outcome)
                life += 1
            }
            let (problems, orders) = try await mixed.finish()
            outcome.problems += problems
            outcome.orders += orders
            // Chance may spare one store, and another, but not all.
            idle = outcome.count > before ? 0 : idle + 1
            guard idle < 20 else { throw Unexpected("20 stores in a row came to no fault") }
        }
    }
}

import Penstock

/// W2 and W4: durable queues.
extension Bench {
    /// W2: jobs are pushed one a commit, and worked off so many at once.
    func jobs(_ report: (BenchResult) -> Void) async throws {
        let count = self.count ?? 10_000
        report(try await self.pushes(count))
        for inFlight in self.inFlight.map({ [$0] }) ?? [1, 8, 64] { report(try await self.jobs(count, inFlight)) }
    }

    private func pushes(_ count: Int) async throws -> BenchResult {
        try await self.withStore { opened in
            let queue = try Queue("noop", of: Int.self, in: opened.store)
            var times: [Duration] = []
            times.reserveCapacity(count)
            let start = self.clock.now
            for job in 0..<count {
                let begun = self.clock.now
                try await queue.push(job)
                times.append(self.clock.now - begun)
            }
            let time = self.clock.now - start
            var result = self.result(
                "W2-enqueue",
                n: count,
                inFlight: 1,
                unit: "pushes/s",
                value: Double(count) / time.inSeconds
            )
            result.samples = Samples(times)
            result.fsyncs = opened.syncs
            result.rows = try await opened.closeAndCountRows()
            return result
        }
    }

    private func jobs(_ count: Int, _ inFlight: Int) async throws -> BenchResult {
        try await self.withStore { opened in
            let noop = Activity("noop", options: ActivityOptions(concurrency: inFlight)) { (job: Int) in job }
            let store = opened.store
            let engine = try await Engine(store: .open(store), pipelines: [noop])
            var last: Run<Int>?
            for batch in Batches(count: count, size: 1000) {
                last = try await engine.start(noop, batch.map { (key: nil, input: $0) }).last
            }
            let clock = self.clock
            let time = try await engine.run {
                let start = clock.now
                _ = try await last?.value
                // A job is done when that is durable; the last one may have overtaken others.
                try await store.room(in: "noop", below: 1)
                return clock.now - start
            }
            var result = self.result(
                "W2",
                n: count,
                inFlight: inFlight,
                unit: "jobs/s",
                value: Double(count) / time.inSeconds
            )
            result.fsyncs = opened.syncs
            result.rows = try await opened.closeAndCountRows()
            return result
        }
    }

    /// A store in which so many jobs wait, and what one more has cost so far.
    private struct Backlog {
        let size: Int
        let opened: BenchStore
        let startup: Duration?
        var pushes: [Duration] = []
        var claims: [Duration] = []
    }

    /// W4: what one job costs when so many others wait.
    ///
    /// The stores are measured in turn, job by job, so that a disk that is slow for a while is slow for all of them.
    func backlog(_ report: (BenchResult) -> Void) async throws {
        var backlogs: [Backlog] = []
        do {
            for size in self.count.map({ [$0] }) ?? [1000, 100_000, 1_000_000] {
                backlogs.append(try await self.fill(size))
            }
            for round in 0..<Self.rounds {
                for place in backlogs.indices { try await self.measure(&backlogs[place], round) }
            }
            for backlog in backlogs { report(try await self.result(backlog)) }
        } catch {
            for backlog in backlogs { try await backlog.opened.remove() }
            throw error
        }
        for backlog in backlogs { try await backlog.opened.remove() }
    }

    private static let rounds = 100

    private func fill(_ size: Int) async throws -> Backlog {
        let opened = try await BenchStore(self.store, in: self.place)
        do {
            try await Self.fill(size, opened.store)
            return Backlog(size: size, opened: opened, startup: try await opened.reopen())
        } catch {
            try await opened.remove()
            throw error
        }
    }

    private func measure(_ backlog: inout Backlog, _ round: Int) async throws {
        let queue = try Queue("noop", of: Int.self, in: backlog.opened.store)
        let start = self.clock.now
        try await queue.push(round)
        let pushed = self.clock.now
        let lease = try await queue.reserve()
        try await lease.complete()
        backlog.claims.append(self.clock.now - pushed)
        backlog.pushes.append(pushed - start)
    }

    private func result(_ backlog: Backlog) async throws -> BenchResult {
        let samples = Samples(backlog.claims)
        var result = self.result("W4", n: Self.rounds, inFlight: 1, unit: "ms", value: samples.median)
        result.samples = samples
        result.setting = "backlog \(Words.count(backlog.size))"
        result.others = [
            ("backlog", Double(backlog.size)), ("enqueue_ms", Samples(backlog.pushes).median),
            ("startup_ms", backlog.startup?.inMilliseconds),
        ]
        result.fsyncs = backlog.opened.syncs
        result.rows = try await backlog.opened.closeAndCountRows()
        return result
    }

    /// Pushes so many jobs, many a commit.
    private static func fill(_ count: Int, _ store: any Store) async throws {
        let queue = try Queue("noop", of: Int.self, in: store)
        for batch in Batches(count: count, size: 10_000) { try await queue.push(batch.map { (key: nil, value: $0) }) }
    }

    /// The memory that parked runs and pending items take.
    func memory() async throws -> BenchResult {
        let (parked, pending) = (self.count ?? 10_000, self.count ?? 1_000_000)
        let perRun = try await self.withStore { opened in try await Self.memory(ofParked: parked, opened.store) }
        let perItem = try await self.withStore { opened in
            try await Self.fill(10_000, opened.store)
            let before = Machine.residentBytes
            try await Self.fill(pending, opened.store)
            return Double(Machine.residentBytes - before) / Double(pending)
        }
        var result = self.result("memory", n: parked, inFlight: 0, unit: "B/run", value: perRun)
        result.setting = "\(Words.count(parked)) parked runs"
        result.others = [
            ("bytes_per_parked_run", perRun), ("bytes_per_pending_item", perItem), ("pending", Double(pending)),
        ]
        return result
    }

    private static func memory(ofParked count: Int, _ store: any Store) async throws -> Double {
        let wait = ExternalTask<Int, Int>("wait")
        let parked = Workflow("parked") { (x: Int, context) in try await context.call(wait, x) }
        let engine = try await Engine(store: .open(store), pipelines: [wait, parked])
        return try await engine.run {
            // A few come first, so that what is made once is not counted.
            try await Self.park(100, parked, engine, total: 100)
            let before = Machine.residentBytes
            try await Self.park(count, parked, engine, total: 100 + count)
            return Double(Machine.residentBytes - before) / Double(count)
        }
    }

    private static func park(
        _ count: Int,
        _ workflow: Workflow<Int, Int>,
        _ engine: Engine,
        total: Int
    ) async throws {
        for batch in Batches(count: count, size: 1000) {
            try await engine.start(workflow, batch.map { (key: nil, input: $0) })
        }
        // Nothing ends here that could be waited for.
        while try await engine.store.counts().first(where: { $0.queue == "wait" })?.ready ?? 0 < total {
            try await engine.store.environment.clock.sleep(for: .milliseconds(5))
        }
    }
}

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

    /// W4: what one job costs when so many others wait.
    func backlog(_ report: (BenchResult) -> Void) async throws {
        for backlog in self.count.map({ [$0] }) ?? [1000, 100_000, 1_000_000] {
            report(try await self.backlog(backlog))
        }
    }

    private func backlog(_ backlog: Int) async throws -> BenchResult {
        let rounds = 100
        return try await self.withStore { opened in
            try await Self.fill(backlog, opened.store)
            let startup = try await opened.reopen()
            let queue = try Queue("noop", of: Int.self, in: opened.store)
            var (pushes, claims): ([Duration], [Duration]) = ([], [])
            for round in 0..<rounds {
                let start = self.clock.now
                try await queue.push(round)
                let pushed = self.clock.now
                let lease = try await queue.reserve()
                try await lease.complete()
                claims.append(self.clock.now - pushed)
                pushes.append(pushed - start)
            }
            let samples = Samples(claims)
            var result = self.result("W4", n: rounds, inFlight: 1, unit: "ms", value: samples.median)
            result.samples = samples
            result.setting = "backlog \(Words.count(backlog))"
            result.others = [
                ("backlog", Double(backlog)), ("enqueue_ms", Samples(pushes).median),
                ("startup_ms", startup?.inMilliseconds),
            ]
            result.fsyncs = opened.syncs
            result.rows = try await opened.closeAndCountRows()
            return result
        }
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

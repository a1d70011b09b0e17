import Penstock
import Synchronization

/// W1: durable workflows.
extension Bench {
    /// The activity of W1, and the workflow of two steps.
    private struct Quad {
        let double: Activity<Int, Int>
        let quad: Workflow<Int, Int>

        /// Makes both; `took` hears of every run how long it took from its first instruction to its result.
        init(inFlight: Int, took: (@Sendable (Duration) -> Void)? = nil) {
            let double = Activity("double", options: ActivityOptions(concurrency: inFlight)) { (x: Int) in 2 * x }
            let clock = ContinuousClock()
            self.double = double
            self.quad = Workflow("quad", concurrency: inFlight) { (x: Int, context) in
                let start = clock.now
                let x2 = try await context.call(double, x)
                let x4 = try await context.call(double, x2)
                took?(clock.now - start)
                return x4
            }
        }
    }

    /// W1: N runs wait, then the engine starts.
    func throughput() async throws -> BenchResult {
        let (count, inFlight) = (self.count ?? 10_000, self.inFlight ?? 256)
        return try await self.withStore { opened in
            let times = Mutex<[Duration]>([])
            let pipelines = Quad(inFlight: inFlight) { time in times.withLock { $0.append(time) } }
            let store = opened.store
            let engine = try await Engine(store: .open(store), pipelines: [pipelines.double, pipelines.quad])
            var last: Run<Int>?
            for batch in Batches(count: count, size: 1000) {
                last = try await engine.start(pipelines.quad, batch.map { (key: nil, input: $0) }).last
            }
            let clock = self.clock
            let time = try await engine.run {
                let start = clock.now
                _ = try await last?.value
                // Those before it that are not ready yet are waited for; then all are on the disk.
                try await store.room(in: "quad", below: 1)
                return clock.now - start
            }
            try await Self.check(count, in: store)
            var result = self.result(
                "W1",
                n: count,
                inFlight: inFlight,
                unit: "steps/s",
                value: 2 * Double(count) / time.inSeconds
            )
            result.samples = Samples(times.withLock { $0 })
            result.replayedSteps = engine.statistics.replayedSteps
            result.others = [
                ("workflows_per_s", Double(count) / time.inSeconds), ("rss_bytes", Double(Machine.residentBytes)),
            ]
            result.fsyncs = opened.syncs
            result.rows = try await opened.closeAndCountRows()
            return result
        }
    }

    /// Reads every result from the store, and throws when one is missing or wrong.
    private static func check(_ count: Int, in store: any Store) async throws {
        var (found, last): (Int, ItemRecord?) = (0, nil)
        while true {
            let page = try await store.items(ItemQuery(.roots(queue: "quad"), states: [.completed], after: last))
            guard let end = page.last else { break }
            last = end
            for record in page {
                let input = try record.payload.decode(as: Int.self)
                let output = try record.result?.decode(as: Int.self)
                guard output == 4 * input else {
                    throw CommandFailure(.failure, "W1: the result of \(input) is \(output ?? 0), not \(4 * input)")
                }
                found += 1
            }
        }
        guard found == count else { throw CommandFailure(.failure, "W1: \(found) results instead of \(count)") }
    }

    /// W1-latency: one client, one run after the other, an engine that has nothing else to do.
    func latency() async throws -> BenchResult {
        let rounds = min(self.count ?? 200, 200)
        return try await self.withStore { opened in
            let pipelines = Quad(inFlight: 16)
            let engine = try await Engine(store: .open(opened.store), pipelines: [pipelines.double, pipelines.quad])
            let clock = self.clock
            let times = try await engine.run {
                var times: [Duration] = []
                for round in -10..<rounds {
                    let start = clock.now
                    let run = try await engine.start(pipelines.quad, round)
                    let value = try await run.value
                    guard value == 4 * round else {
                        throw CommandFailure(.failure, "W1-latency: the result of \(round) is \(value)")
                    }
                    // The first ones find nothing compiled, opened or cached yet.
                    if round >= 0 { times.append(clock.now - start) }
                }
                return times
            }
            let samples = Samples(times)
            var result = self.result("W1-latency", n: rounds, inFlight: 1, unit: "ms", value: samples.median)
            result.samples = samples
            result.replayedSteps = engine.statistics.replayedSteps
            return result
        }
    }

    /// W1-long: what a step costs at the beginning of one long run, and at its end.
    func long() async throws -> BenchResult {
        let steps = max(self.count ?? 10_000, 40)
        // So many steps are looked at, from the tenth on and up to the last.
        let window = min(200, steps / 4)
        return try await self.withStore { opened in
            let double = Activity("double") { (x: Int) in 2 * x }
            let times = Mutex<[Duration]>([])
            let clock = self.clock
            let long = Workflow("long") { (steps: Int, context) in
                for step in 0..<steps {
                    let start = clock.now
                    _ = try await context.call(double, step)
                    times.withLock { $0.append(clock.now - start) }
                }
                return steps
            }
            let engine = try await Engine(store: .open(opened.store), pipelines: [long, double])
            // The run whose tenth step is looked at comes right after the long one: a disk has moods, and both are to
            // be measured in the same one. The first run warms up.
            let runs = try await engine.run {
                var runs: [[Duration]] = []
                for count in [200, steps, 10 + window] {
                    times.withLock { $0 = [] }
                    _ = try await engine.start(long, count).value
                    runs.append(times.withLock { $0 })
                }
                return runs
            }
            let (all, next) = (runs[1], runs[2])
            let (early, late) = (Samples(Array(next.dropFirst(9).prefix(window))), Samples(all.suffix(window)))
            var result = self.result("W1-long", n: steps, inFlight: 1, unit: "ms/step", value: late.median)
            result.samples = Samples(all)
            result.replayedSteps = engine.statistics.replayedSteps
            result.others = [
                ("step_10_ms", early.median), ("step_last_ms", late.median),
                ("ratio", early.median > 0 ? late.median / early.median : nil),
            ]
            return result
        }
    }
}

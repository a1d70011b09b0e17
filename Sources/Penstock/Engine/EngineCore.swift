import Synchronization

/// What works: takes items out of queues, has them worked on, and sees to it that what they come to is recorded.
///
/// ``Engine`` is its public face; a pipeline that is run by hand has one of its own.
package final class EngineCore: Sendable {
    let store: any Store
    let environment: RuntimeEnvironment
    let configuration: EngineConfiguration
    let workers: [String: any Worker]
    let hot: HotRuns
    let counters = EngineCounters()
    let work = WorkInProgress()
    /// Who the engine is to its store.
    private let holder: Holder

    package init(
        store: any Store,
        workers: [any Worker],
        configuration: EngineConfiguration = EngineConfiguration()
    ) {
        self.store = store
        self.environment = store.environment
        self.configuration = configuration
        self.holder = Holder(number: store.environment.entropy.next())
        self.workers = Dictionary(uniqueKeysWithValues: workers.map { ($0.queue, $0) })
        self.hot = HotRuns(
            budget: configuration.hotBytes,
            replaysAlways: configuration.replay == .always,
            environment: store.environment
        )
    }

    /// Runs one worker until the task is cancelled.
    static func run(by worker: any Worker, in store: any Store) async throws {
        let core = EngineCore(store: store, workers: [worker])
        try await core.run { try await core.environment.clock.sleepForever() }
    }

    /// Works as long as `body` runs, then lets what is under way come to its end.
    ///
    /// When the surrounding task is cancelled, what is under way is cancelled too, and goes back to its queue.
    ///
    /// `others` are pipelines that know no faster road than their own loop; they run until `body` has ended.
    func run<Result>(
        others: [@Sendable () async throws -> Void] = [],
        _ body: () async throws -> sending Result
    ) async throws -> sending Result {
        self.hot.mayStay(true)
        self.work.reopen()
        let loops = others.map { other in
            self.environment.task { await self.keepRunning(other) }
        }
        // In an order that is the same every time, so that a simulation is, too.
        let dispatchers = self.workers.values.sorted { $0.queue < $1.queue }.map { worker in
            self.environment.task { await self.dispatch(worker) }
        }
        let listener = self.environment.task { await self.listen() }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        for task in loops + dispatchers { task.cancel() }
        for task in loops + dispatchers { await task.value }
        await self.drain()
        listener.cancel()
        await listener.value
        return try result.get()
    }

    /// Runs a pipeline's own loop, and again after a while when it throws: one error is no reason to stop for good.
    private func keepRunning(_ loop: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                return try await loop()
            } catch let error as PenstockError where error.code == .storeClosed {
                return
            } catch {
                guard !Task.isCancelled else { return }
                let delay = self.configuration.storeRetryDelay
                self.tell(.error, "a pipeline's run(from:to:) has thrown, and is run again in \(delay): \(error)")
                try? await self.environment.clock.sleep(for: delay)
            }
        }
    }

    /// Takes items of one queue and has them worked on.
    private func dispatch(_ worker: any Worker) async {
        let slots = Slots(worker.concurrency)
        let tasks = TaskPool(for: worker, in: self)
        defer { tasks.close() }
        await withTaskCancellationHandler {
            while !Task.isCancelled {
                let free = await slots.take(upTo: 256)
                guard free > 0 else { return }
                do throws(PenstockError) {
                    let request = ReserveRequest(queue: worker.queue, limit: free, holder: self.holder)
                    let leases = try await self.store.reserve(request)
                    slots.give(free - leases.count)
                    for leased in leases { tasks.begin(TaskPool.Job(leased: leased, slot: Slot(of: slots))) }
                } catch {
                    slots.give(free)
                    guard error.code != .storeClosed else { return }
                    self.tell(.error, "cannot take items from queue '\(worker.queue)': \(error)")
                    try? await self.environment.clock.sleep(for: self.configuration.storeRetryDelay)
                }
            }
        } onCancel: {
            slots.close()
        }
    }

    /// Hears of steps that were settled from elsewhere, and of runs that were ended from outside.
    private func listen() async {
        while !Task.isCancelled {
            do throws(PenstockError) {
                for item in try await self.store.news(for: self.holder) { await self.heard(item) }
            } catch {
                guard error.code != .storeClosed else { return }
                await self.waitForStore(after: error)
            }
        }
    }

    /// Passes a piece of news on to the run that it is for.
    func heard(_ news: RunNews) async {
        if news.isOver {
            self.work.cancel(news.lease)
            if let run = self.hot[news.id], run.leased.lease == news.lease { await run.end() }
            return
        }
        guard let run = self.hot.run(for: news) else { return }
        do throws(PenstockError) {
            try await self.tell(run, news)
        } catch {
            // News is told once. What cannot be read just now is read later, and keeps nobody else waiting meanwhile.
            self.environment.task { await self.keepTelling(run, news, after: error) }
        }
    }

    /// Reads the steps that a piece of news is about, and those that could not be read before, and hands them to their
    /// run.
    ///
    /// A run that has counted a piece of news has to know all that came before.
    private func tell(_ run: HotRun, _ news: RunNews) async throws(PenstockError) {
        let steps = run.mustHear(news.steps)
        var settled: [ItemRecord] = []
        for step in steps.sorted() {
            let id = ItemID(root: run.id.root, run: run.leased.record.number, step: step)
            if let record = try await self.store.item(.id(id)), record.state.isSettled { settled.append(record) }
        }
        if run.heard(news.news, steps, settled) {
            run.resume()
        } else {
            self.hot.settleDown(run)
        }
    }

    private func keepTelling(_ run: HotRun, _ news: RunNews, after error: PenstockError) async {
        var error = error
        while Self.mayPass(error), run.withMachine({ $0.phase != .over }) {
            // Whoever has the run next reads its whole journal.
            guard !self.work.isCancelled else { return await run.withdraw() }
            await self.waitForStore(after: error)
            do throws(PenstockError) {
                return try await self.tell(run, news)
            } catch let next {
                error = next
            }
        }
        guard error.code != .storeClosed else { return }
        self.tell(.error, "run '\(run.leased.record.key)' does not hear of its steps: \(error)")
    }

    /// Lets activities end, and takes every run out of memory.
    private func drain() async {
        let isCancelled = Task.isCancelled
        if isCancelled { self.work.cancelAll() }
        let limit = self.environment.task {
            let (clock, limit) = (self.environment.clock, self.configuration.drainLimit)
            if !isCancelled {
                guard (try? await clock.sleep(for: limit)) != nil else { return }
                self.work.cancelAll()
            }
            // Every end ends, also when the store cannot be used: what is left goes back as it was.
            guard (try? await clock.sleep(for: limit)) != nil else { return }
            self.work.giveUp()
            for run in self.hot.all { await run.withdraw() }
        }
        self.hot.mayStay(false)
        await withDiscardingTaskGroup { group in
            for run in self.hot.all { group.addTask { _ = await run.evict() } }
        }
        await self.work.ended()
        limit.cancel()
    }

    func tell(_ level: Notice.Level, _ message: String) {
        self.environment.report?(Notice(level, message))
    }
}

extension PenstockClock {
    /// Waits until the task is cancelled.
    package func sleepForever() async throws {
        while true { try await self.sleep(for: .seconds(3600)) }
    }
}

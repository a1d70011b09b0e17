extension Activity: NativePipeline {
    package func worker(from input: ReadQueue<Input>, to output: WriteQueue<Output>) -> any Worker {
        ActivityWorker(activity: self, input: input, output: output)
    }
}

/// Runs the items of one activity in an engine.
struct ActivityWorker<Input: Codable & Sendable, Output: Codable & Sendable>: Worker {
    let activity: Activity<Input, Output>
    let input: ReadQueue<Input>
    let output: WriteQueue<Output>

    var queue: String { self.input.name }
    var concurrency: Int { self.activity.options.concurrency }
    var endsByItself: Bool { true }

    func work(on leased: LeasedItem, slot: Slot, in core: EngineCore) async {
        defer { slot.release() }
        let attempt = leased.record.attempt
        guard attempt <= self.activity.options.retry.attempts else {
            // Every attempt was counted as it began, and none ended: the process died under each of them.
            return await self.fail(leased, core, .crashed, "the process died under the last of \(attempt - 1) attempts")
        }
        let value: Input
        do throws(PenstockError) {
            value = try self.input.decode(leased.record)
        } catch {
            return await self.fail(leased, core, .undecodable, "\(error)")
        }
        core.counters.attempts.add(1)
        do {
            try await core.conclude(leased, try await self.attempt(value, leased, core))
        } catch let error as AttemptTimeout {
            await self.failed(leased, core, .timedOut, error)
        } catch is CancellationError where core.work.isCancelled {
            // The engine is going down and takes the attempt with it: it does not count.
            await core.record(Recording([.settle(leased.lease, .release)]))
        } catch {
            await self.failed(leased, core, .failed, error)
        }
    }

    /// Runs the body once, for no longer than it may take.
    private func attempt(
        _ value: Input,
        _ leased: LeasedItem,
        _ core: EngineCore
    ) async throws -> Conclusion {
        let options = self.activity.options
        var limit = options.startToClose
        if let whole = options.scheduleToClose {
            let left = leased.record.created + whole - core.environment.clock.now
            guard left > .zero else { throw AttemptTimeout(limit: whole, name: "schedule-to-close") }
            limit = limit.map { min($0, left) } ?? left
        }
        let (body, output) = (self.activity.body, self.output)
        let run: @Sendable () async throws -> Conclusion = {
            var transaction = Transaction()
            let result = try await body(value, &transaction)
            var conclusion = try output.conclusion(of: leased, in: core.store, returning: result)
            conclusion.changes = transaction.operations
            return conclusion
        }
        guard let limit else { return try await run() }
        let name = limit == options.startToClose ? "start-to-close" : "schedule-to-close"
        return try await withTimeLimit(limit, named: name, in: core.environment, run)
    }

    /// Decides between another attempt and the dead letters.
    private func failed(
        _ leased: LeasedItem,
        _ core: EngineCore,
        _ kind: Failure.Kind,
        _ error: any Error
    ) async {
        let (record, options) = (leased.record, self.activity.options)
        let type = kind == .timedOut ? "" : "\(type(of: error))"
        let failure = Failure(
            kind,
            pipeline: self.queue,
            errorType: type,
            message: "\(error)",
            attempts: record.attempt
        )
        let wait = options.retry.wait(after: record.attempt, random: core.environment.entropy.next())
        let next = core.environment.clock.now + wait
        let isTooLate = options.scheduleToClose.map { next >= record.created + $0 } ?? false
        guard record.attempt < options.retry.attempts, options.retry.isRetryable(error), !isTooLate else {
            return await self.settle(leased, core, failure)
        }
        core.counters.retries.add(1)
        await core.record(Recording([.settle(leased.lease, .retry(after: wait, failure))]))
    }

    private func fail(_ leased: LeasedItem, _ core: EngineCore, _ kind: Failure.Kind, _ message: String) async {
        await self.settle(
            leased,
            core,
            Failure(kind, pipeline: self.queue, message: message, attempts: leased.record.attempt)
        )
    }

    private func settle(_ leased: LeasedItem, _ core: EngineCore, _ failure: Failure) async {
        await core.concludeRun(leased, leased.conclusion(failure))
    }
}

/// A durable function: it calls pipelines, and goes on where it was when its process has died.
///
/// The body must be deterministic between its calls: what it calls, with which arguments and in which order, may depend
/// on its input, on the results of its calls and on what its context tells it, and on nothing else.
///
/// ```swift
/// let quad = Workflow("quad") { (x: Int, context) in
///     let x2 = try await context.call(double, x)
///     return try await context.call(double, x2)
/// }
/// ```
public struct Workflow<Input: Codable & Sendable, Output: Codable & Sendable>: Pipeline {
    /// The name, which is also the name of its queue.
    ///
    /// It is written into the store: renaming it starts a new history.
    public let name: String

    /// How many runs an engine works on at once; runs that wait for somebody outside do not count.
    public let concurrency: Int

    let body: @Sendable (Input, WorkflowContext) async throws -> Output

    /// Makes a workflow from a function of its input and its context.
    public init(
        _ name: String,
        concurrency: Int = 256,
        _ body: @escaping @Sendable (Input, WorkflowContext) async throws -> Output
    ) {
        self.name = name
        self.concurrency = concurrency
        self.body = body
    }

    /// Runs the workflow's items from one queue to another until the task is cancelled.
    ///
    /// What the body calls is pushed into the queues of the pipelines that it calls, in the store of `input`; somebody
    /// else has to run those.
    public func run(from input: ReadQueue<Input>, to output: WriteQueue<Output>) async throws {
        try await EngineCore.run(by: self.worker(from: input, to: output), in: input.store)
    }
}

extension Workflow: NativePipeline {
    package func worker(from input: ReadQueue<Input>, to output: WriteQueue<Output>) -> any Worker {
        WorkflowWorker(workflow: self, input: input, output: output)
    }
}

/// Runs the items of one workflow in an engine.
struct WorkflowWorker<Input: Codable & Sendable, Output: Codable & Sendable>: Worker {
    let workflow: Workflow<Input, Output>
    let input: ReadQueue<Input>
    let output: WriteQueue<Output>

    var queue: String { self.input.name }
    var concurrency: Int { self.workflow.concurrency }
    var endsByItself: Bool { false }

    func work(on leased: LeasedItem, slot: Slot, in core: EngineCore) async {
        let record = leased.record
        defer {
            slot.release()
            core.hot.forgetNews(of: leased.lease)
        }
        let limit = core.configuration.maximumCrashes
        guard record.attempt <= limit else {
            let message = "the process died \(limit) times while the workflow computed"
            return await self.fail(leased, core, .crashed, message)
        }
        let journal: [ItemRecord]
        let value: Input
        do throws(PenstockError) {
            journal = leased.isFresh ? [] : try await core.journal(of: record)
            value = try self.input.decode(record)
        } catch  where error.code == .undecodable {
            return await self.fail(leased, core, .undecodable, "\(error)")
        } catch  where error.code == .damaged {
            // It waits as a diverged run does, for a journal that is mended or a restart.
            let failure = Failure(.damaged, pipeline: self.queue, message: error.message, attempts: record.attempt)
            core.tell(.error, "run '\(record.key)' of '\(self.queue)' is parked as diverged: \(error.message)")
            await core.record(Recording([.settle(leased.lease, .diverge(failure))]))
            return
        } catch {
            // The store cannot be read just now: the run goes back and is tried again, but not at once.
            await core.waitForStore(after: error)
            await core.record(Recording([.settle(leased.lease, .release)]))
            return
        }
        let run = HotRun(leased, journal: journal, slot: slot, core: core)
        let (news, former) = core.hot.insert(run)
        await former?.end()
        if let news { await core.heard(news) }
        core.counters.replays.add(journal.isEmpty ? 0 : 1)
        let conclusion = await self.conclusion(of: value, in: run)
        core.counters.replayedSteps.add(run.withMachine { $0.replayed })
        if let conclusion { await run.finish(conclusion) } else { await run.withdraw() }
    }

    /// Runs the body to its end; what it throws is data from here on.
    /// - Returns: `nil` when the engine is going down and the body has heeded that.
    private func conclusion(of value: Input, in run: HotRun) async -> Conclusion? {
        let record = run.leased.record
        do {
            let output = try await self.workflow.body(value, WorkflowContext(run: run))
            return try self.output.conclusion(of: run.leased, in: run.core.store, returning: output)
        } catch let failure as Failure {
            return run.leased.conclusion(
                Failure(
                    .failed,
                    pipeline: record.queue,
                    errorType: "Failure",
                    message: "\(failure)",
                    attempts: record.attempt
                )
            )
        } catch is CancellationError where run.core.work.isCancelled {
            return nil
        } catch {
            return run.leased.conclusion(
                Failure(
                    .failed,
                    pipeline: record.queue,
                    errorType: "\(type(of: error))",
                    message: "\(error)",
                    attempts: record.attempt
                )
            )
        }
    }

    private func fail(_ leased: LeasedItem, _ core: EngineCore, _ kind: Failure.Kind, _ message: String) async {
        let failure = Failure(kind, pipeline: self.queue, message: message, attempts: leased.record.attempt)
        await core.concludeRun(leased, leased.conclusion(failure))
    }
}

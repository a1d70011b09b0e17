import Synchronization

/// A store whose one process keeps what is ready and who holds what in its own memory.
///
/// It joins three parts: a table that keeps rows, an index that knows what is ready, and waiters. `MemoryStore` and
/// `SQLiteStore` are this store over two tables, so they cannot differ in what an operation means.
///
/// Transactions gather by arrival: those that come while a group is being made durable are the next group. There is
/// no timer.
public final class EmbeddedStore<Runner: TableRunner>: Store {
    /// The clock, entropy, scheduler and ear that the store was opened with.
    public let environment: RuntimeEnvironment

    /// By which it says what is due.
    let clock: SteadyClock
    let writer: Runner
    let reader: Runner
    let index: IndexBox
    let ledger: (any ClaimLedger)?
    let inbox = CommitQueue()
    /// How many groups were made durable: each cost one sync, if the table syncs at all.
    package let commits = Counter()
    /// Numbers those who wait for any item of a queue.
    let reservations = Atomic<UInt64>(0)
    /// Readers that look for a certain item; each item wakes all of them.
    let choice = WaitList<String, Void>()
    let endings = WaitList<ItemID, Ending>()
    let departures = WaitList<String, Void>()
    let newsletter = WaitList<Holder, Void>()
    let pendingNews = Mutex<[Holder: [LeaseReference: RunNews]]>([:])
    private let alarms = Mutex<Alarm?>(nil)
    /// Why the store has ended by itself, if it has.
    private let losses = Mutex<PenstockError?>(nil)

    /// Opens a store over a table: `writer` changes it, `reader` reads it, and they may be the same.
    ///
    /// What is ready is counted now and read as it is needed, so opening costs memory for one slice of each queue.
    public init(
        environment: RuntimeEnvironment,
        writer: Runner,
        reader: Runner,
        ledger: (any ClaimLedger)? = nil
    ) async throws(PenstockError) {
        self.environment = environment
        self.clock = SteadyClock(environment.clock)
        self.writer = writer
        self.reader = reader
        self.ledger = ledger
        let index = try await Self.run(writer) { table throws(PenstockError) in
            var index = QueueIndex(epoch: table.epoch)
            for lane in try table.lanes() { index.open(lane) }
            for (queue, count) in try table.parked() { index.open(queue: queue, parked: count) }
            for (queue, priority, horizon) in index.lanesToRefill() {
                let records = try table.ready(queue: queue, priority: priority, after: horizon, limit: Lane.capacity)
                index.refill(queue: queue, priority: priority, with: records, limit: Lane.capacity)
            }
            return index
        }
        self.index = IndexBox(index)
        let alarm = Alarm(environment) { [weak self] in self?.timePassed() }
        self.alarms.withLock { $0 = alarm }
    }

    /// Runs `body` over the table of a runner and returns what it returns.
    static func run<Result: Sendable>(
        _ runner: Runner,
        _ body: @escaping @Sendable (Runner.Table) throws(PenstockError) -> Result
    ) async throws(PenstockError) -> Result {
        let result: Swift.Result<Result, PenstockError> = await withCheckedContinuation { continuation in
            let isAccepted = runner.post { table in
                do throws(PenstockError) {
                    continuation.resume(returning: .success(try body(table)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !isAccepted {
                continuation.resume(returning: .failure(PenstockError(.storeClosed, "the store was closed")))
            }
        }
        return try result.get()
    }

    var alarm: Alarm? { self.alarms.withLock { $0 } }

    /// Ends all waits, finishes what was handed in, and lets go of the files.
    public func close() async {
        self.end()
        await self.writer.stop()
        if self.reader !== self.writer { await self.reader.stop() }
    }

    /// Ends all waits, and refuses everything from now on; `loss` says why the store does that by itself.
    func end(because loss: PenstockError? = nil) {
        if let loss { self.losses.withLock { $0 = loss } }
        self.inbox.close()
        self.alarm?.close()
        self.answer(self.index.withReservers { $1.fail(loss ?? Self.closed) { _ in true } })
        self.choice.close()
        self.endings.close()
        self.departures.close()
        self.newsletter.close()
    }

    /// Why the store has ended by itself; `nil` when it has not.
    var loss: PenstockError? { self.losses.withLock { $0 } }

    static var closed: PenstockError {
        PenstockError(.storeClosed, "the store was closed, or the task that waited for it was cancelled")
    }

    func checkOpen() throws(PenstockError) {
        guard !self.inbox.isClosed, !Task.isCancelled else { throw self.loss ?? Self.closed }
    }
}

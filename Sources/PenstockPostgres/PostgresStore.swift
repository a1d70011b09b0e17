public import Penstock
import Synchronization

/// A store in a PostgreSQL database, for any number of processes on any number of machines.
///
/// Leases are kept in the rows, on the server's clock, with fencing tokens that only grow; a process that dies is
/// noticed by the end of its session, or at the latest by the end of its own lease. What a commit has acknowledged is
/// as durable as the server makes it: `fsync` and `synchronous_commit` are the server's settings.
public final class PostgresStore: Store {
    /// The clock, entropy, scheduler and ear that the store was opened with.
    public let environment: RuntimeEnvironment

    let options: PostgresOptions
    let clock: DatabaseClock
    let inbox = CommitQueue()
    let chores = Mutex<[Chore]>([])
    let desk = ReserveDesk()
    let holds = Holds()
    /// Readers that look for a certain item; each item wakes all of them.
    let choice = WaitList<String, Void>()
    let endings = WaitList<ItemID, Void>()
    let departures = WaitList<String, Void>()
    let newsletter = WaitList<Holder, Void>()
    private let pendingNews = Mutex<[Holder: [LeaseReference: RunNews]]>([:])
    /// How many groups were committed.
    package let commits = Counter()
    private let isPoked = Mutex(false)
    private let alarms = Mutex<Alarm?>(nil)
    private let threads = Mutex<Threads?>(nil)
    let listening = Mutex(PostgresListener.Wishes(process: 0))
    let wakeup: Wakeup

    private struct Threads {
        let writer: PostgresThread<PostgresWriter>
        let reader: PostgresThread<PostgresReader>
        let listener: PostgresThread<PostgresListener>
    }

    /// Opens the store at `url`, as `postgres://user@host/database?options`, or in libpq's own words.
    ///
    /// Everything that libpq understands may be part of it, TLS included; what is not there comes from the environment
    /// variables of libpq.
    /// - Throws: ``PenstockError/Code/storeUnavailable`` when the server cannot be reached,
    ///   ``PenstockError/Code/storeUnusable`` when it refuses the user or its tables are not ours.
    public init(
        url: String,
        options: PostgresOptions = PostgresOptions(),
        environment: RuntimeEnvironment = RuntimeEnvironment()
    ) async throws(PenstockError) {
        self.environment = environment
        self.options = options
        self.clock = DatabaseClock(environment.clock)
        guard let wakeup = Wakeup() else {
            throw PenstockError(.storeUnavailable, "the process has no file descriptors left")
        }
        self.wakeup = wakeup
        let schema = try PostgresSchema(options.schema)
        let dialler = try Dialler(url, schema: schema, options: options)
        self.alarms.withLock { $0 = Alarm(environment) { [weak self] in self?.timePassed() } }
        let statements = Statements(schema)
        let writer = try await PostgresThread("penstock-writer") { [self] () throws(PenstockError) in
            try PostgresWriter.open(self, dialler, statements)
        } close: {
            $0.close()
        }
        let reader = try await PostgresThread("penstock-reader") { () throws(PenstockError) in
            try PostgresReader(dialler, schema)
        } close: {
            $0.close()
        }
        let listener = try await PostgresThread("penstock-listener") { [self] () throws(PenstockError) in
            PostgresListener(self, dialler, wakeup)
        } close: { _ in
        }
        self.threads.withLock { $0 = Threads(writer: writer, reader: reader, listener: listener) }
        _ = listener.post { $0.run() }
        self.poke()
    }

    var writer: PostgresThread<PostgresWriter>? { self.threads.withLock { $0?.writer } }
    var reader: PostgresThread<PostgresReader>? { self.threads.withLock { $0?.reader } }

    /// Ends all waits, finishes what was handed in, gives back what is held, and lets go of the connections.
    public func close() async {
        await self.end(isDeath: false)
    }

    /// Closes the store, and removes its tables with all that is in them.
    package func closeAndDrop() async throws(PenstockError) {
        let name = self.options.schema
        guard let reader = self.reader else { return }
        await self.end(isDeath: false, keepsReader: true)
        let outcome: Result<Void, PenstockError>
        do throws(PenstockError) {
            try await reader.run { reader throws(PenstockError) in
                try reader.read { reader throws(PostgresError) in try reader.drop(name) }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await reader.stop()
        try outcome.get()
    }

    /// Ends as a process does that is killed: nothing is given back, and nobody is told.
    package func die() async {
        await self.end(isDeath: true)
    }

    private func end(isDeath: Bool, keepsReader: Bool = false) async {
        self.inbox.close()
        self.alarms.withLock { $0 }?.close()
        for wish in self.desk.close() { wish.continuation.resume(returning: .failure(Self.closed)) }
        self.choice.close()
        self.endings.close()
        self.departures.close()
        self.newsletter.close()
        let threads = self.threads.withLock { $0 }
        if isDeath { _ = threads?.writer.post { $0.table.connection.close() } }
        await threads?.writer.stop()
        if !keepsReader { await threads?.reader.stop() }
        self.listening.withLock { $0.isStopping = true }
        self.wakeup.signal()
        await threads?.listener.stop()
    }

    static var closed: PenstockError {
        PenstockError(.storeClosed, "the store was closed, or the task that waited for it was cancelled")
    }

    func checkOpen() throws(PenstockError) {
        guard !self.inbox.isClosed, !Task.isCancelled else { throw Self.closed }
    }

    // MARK: The writer's thread

    /// Has the writer look whether there is something to do.
    func poke() {
        let isNew = self.isPoked.withLock { isPoked in
            defer { isPoked = true }
            return !isPoked
        }
        guard isNew else { return }
        let isAccepted = self.writer?.post { [self] writer in
            self.isPoked.withLock { $0 = false }
            writer.drain()
        }
        if isAccepted == false { self.refuseAll() }
    }

    /// Refuses what came while the store was being closed, so that nobody waits for an answer in vain.
    private func refuseAll() {
        self.isPoked.withLock { $0 = false }
        var refused: [CommitQueue.Submission] = []
        repeat {
            self.inbox.take(into: &refused)
            for submission in refused { submission.completion(.failure(Self.closed)) }
        } while !refused.isEmpty
        let chores = self.chores.withLock { chores in
            defer { chores = [] }
            return chores
        }
        for chore in chores { chore.failed(Self.closed) }
    }

    /// Has something done in the transaction of the next group.
    func add(_ chore: Chore) {
        guard !self.inbox.isClosed else { return chore.failed(Self.closed) }
        self.chores.withLock { $0.append(chore) }
        self.poke()
    }

    /// Has something done in the transaction of the next group, and returns what it comes to once it is durable.
    func perform<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresTable) throws(PenstockError) -> Result,
        then: @escaping @Sendable (Result) -> Void = { _ in }
    ) async throws(PenstockError) -> Result {
        let outcome: Swift.Result<Result, PenstockError> = await withCheckedContinuation { continuation in
            let chore = Chore { table throws(PenstockError) in
                let result = try body(table)
                return {
                    then(result)
                    continuation.resume(returning: .success(result))
                }
            } failed: { error in
                continuation.resume(returning: .failure(error))
            }
            self.add(chore)
        }
        return try outcome.get()
    }

    // MARK: News

    /// Learns that queues may have items.
    func readied(_ queues: [String]) {
        var isAwaited = false
        for queue in queues {
            if self.desk.hint(queue) { isAwaited = true }
            self.choice.wake(queue)
        }
        if isAwaited { self.poke() }
    }

    /// Tells holders what happened to what they hold.
    func deliver(_ news: [(holder: Holder, news: RunNews)]) {
        guard !news.isEmpty else { return }
        self.pendingNews.withLock { pending in
            for (holder, item) in news {
                let earlier = pending[holder]?[item.lease]
                pending[holder, default: [:]][item.lease] = item.following(earlier)
            }
        }
        let holders = Set(news.map(\.holder)).sorted { $0.number < $1.number }
        for holder in self.newsletter.awaited(among: holders) { self.newsletter.wake(holder) }
    }

    /// Takes the news that a holder has not heard of.
    func takeNews(for holder: Holder) -> [RunNews]? {
        let news = self.pendingNews.withLock { $0.removeValue(forKey: holder) }
        return news?.values.sorted { ($0.id, $0.lease.token) < ($1.id, $1.lease.token) }
    }

    // MARK: Time

    /// Has the store look in a while for what has fallen due or ended.
    func ring(in delay: Duration) {
        self.alarms.withLock { $0 }?.set(in: delay)
    }
}

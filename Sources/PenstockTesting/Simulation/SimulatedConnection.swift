import Penstock
import Synchronization

/// What one simulated process sees of a store: what it asks for and hears may come late, twice or not at all.
///
/// To a store of its own a process talks without a network, so only commits go wrong. To a server it holds leases for a
/// while only, and asks for more time as long as it lives: when it is held up for too long, others take over.
final class SimulatedConnection: Store {
    private struct State {
        /// The leases that go on as long as the process says so.
        var held: Set<LeaseReference> = []
        var news: [RunNews] = []
        var isListening = false
        var isClosed = false
    }

    private let process: SimulatedProcess
    private let network: SimulatedNetwork
    /// The process's own store; `nil` when it talks to the server.
    private let own: (any Store)?
    private let state = Mutex(State())
    private let mailbox = WaitList<Holder, Void>()

    init(of process: SimulatedProcess, over network: SimulatedNetwork, to own: (any Store)?) {
        self.process = process
        self.network = network
        self.own = own
        if own == nil { self.environment.task { await self.keepLeases() } }
    }

    var environment: RuntimeEnvironment { self.process.environment }
    private var dice: FaultDice { self.network.dice }

    // MARK: The network

    private static let unavailable = PenstockError(.storeUnavailable, "the server does not answer")

    /// Makes a call, whose way there and back may be long or lead nowhere.
    private func call<Answer: Sendable>(
        _ what: String,
        answersMatter: Bool = false,
        _ body: @escaping @Sendable (any Store) async throws(PenstockError) -> Answer
    ) async throws(PenstockError) -> Answer {
        try await self.travel(.refusal, what)
        guard let store = self.own ?? self.network.server else { throw Self.unavailable }
        let result: Answer
        do throws(PenstockError) {
            result = try await (self.own == nil ? Self.ask(store, body) : body(store))
        } catch {
            try self.checkAlive()
            // The server has died under the call; the process is connected to the next one soon.
            if error.code == .storeClosed, self.own == nil, !Task.isCancelled { throw Self.unavailable }
            throw error
        }
        try await self.travel(answersMatter ? nil : .lostAnswer, what)
        return result
    }

    /// Has the server do its part in its own time: the process that asks may be held up meanwhile.
    private static func ask<Answer: Sendable>(
        _ server: any Store,
        _ body: @escaping @Sendable (any Store) async throws(PenstockError) -> Answer
    ) async throws(PenstockError) -> Answer {
        let task = server.environment.task { () async -> Result<Answer, PenstockError> in
            do throws(PenstockError) {
                return .success(try await body(server))
            } catch {
                return .failure(error)
            }
        }
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return try outcome.get()
    }

    private func travel(_ loss: Fault?, _ what: String) async throws(PenstockError) {
        try self.checkAlive()
        if self.dice.strikes(.delay, "\(self.process.name) \(what)") {
            let delay = Duration.milliseconds(1 + self.dice.draw(.delay, below: 3000))
            // Cut short when the process is told to end.
            try? await self.environment.clock.sleep(for: delay)
            try self.checkAlive()
        }
        if let loss, self.dice.strikes(loss, "\(self.process.name) \(what)") { throw Self.unavailable }
    }

    private func checkAlive() throws(PenstockError) {
        guard self.process.isAlive, !self.state.withLock({ $0.isClosed }) else { throw SimulatedDisk.dead }
    }

    // MARK: Writing

    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        // The transaction may name this store, which the one underneath does not know.
        let operations = transaction.operations
        self.write("commits \(operations.map(\.summary).joined(separator: ", "))")
        let receipt = try await self.call("commits") { store throws(PenstockError) in
            let receipt = try await store.commit(Transaction(operations))
            if self.dice.strikes(.duplicate, "\(self.process.name) commits") {
                // Whatever becomes of the second: nobody asks for its answer.
                _ = try? await store.commit(Transaction(operations))
            }
            return receipt
        }
        self.network.history.acknowledged(operations, receipt)
        self.state.withLock { state in
            for case .settle(let lease, let settlement) in operations where !settlement.keepsLease {
                state.held.remove(lease)
            }
        }
        return receipt
    }

    func reserve(_ request: ReserveRequest) async throws(PenstockError) -> [LeasedItem] {
        var request = request
        let isKept = self.own == nil && request.duration == nil
        if isKept { request.duration = self.network.knobs.lease }
        let asked = request
        // A store of one's own has no way on which leases could be lost.
        let items = try await self.call("reserves", answersMatter: self.own != nil) { store throws(PenstockError) in
            let items = try await store.reserve(asked)
            self.network.history.granted(items)
            self.write("is given \(items.map { "\($0.record.id.key) of \($0.record.queue) as \($0.lease.token)" })")
            return items
        }
        if isKept { self.state.withLock { $0.held.formUnion(items.map(\.lease)) } }
        return items
    }

    func extend(_ leases: [LeaseReference], for duration: Duration?) async throws(PenstockError) {
        try await self.call("extends") { store throws(PenstockError) in
            try await store.extend(leases, for: duration)
        }
    }

    func relinquish(_ lease: LeaseReference, news: Int) async -> Bool {
        // Nothing is in between that could lose the question.
        if let own { return await own.relinquish(lease, news: news) }
        do throws(PenstockError) {
            let isBack = try await self.call("relinquishes", answersMatter: true) { store throws(PenstockError) in
                await store.relinquish(lease, news: news)
            }
            self.write("gives back \(lease.id.key), news \(news): \(isBack)")
            if isBack { _ = self.state.withLock { $0.held.remove(lease) } }
            return isBack
        } catch {
            // The server does not answer: it will find out that nobody asks for more time.
            _ = self.state.withLock { $0.held.remove(lease) }
            return true
        }
    }

    // MARK: Leases and news

    private func keepLeases() async {
        while self.process.isAlive, !self.state.withLock({ $0.isClosed }) {
            await self.pause(self.network.knobs.lease / 3)
            for lease in self.state.withLock({ $0.held.sorted { ($0.id, $0.token) < ($1.id, $1.token) } }) {
                await self.keep(lease)
            }
        }
    }

    private func keep(_ lease: LeaseReference) async {
        do throws(PenstockError) {
            try await self.extend([lease], for: self.network.knobs.lease)
        } catch  where error.code == .leaseLost {
            let wasHeld = self.state.withLock { $0.held.remove(lease) } != nil
            if wasHeld { self.hear([RunNews(lease: lease, news: 0, steps: [], isOver: true)]) }
        } catch {
            // The next round tries again; the lease may end before.
        }
    }

    func news(for holder: Holder) async throws(PenstockError) -> [RunNews] {
        let mustListen = self.state.withLock { state in
            defer { state.isListening = true }
            return !state.isListening
        }
        if mustListen { self.environment.task { await self.listen(as: holder) } }
        while true {
            try self.checkAlive()
            let ticket = self.mailbox.ticket(for: Self.listener)
            let news = self.state.withLock { state in
                defer { state.news = [] }
                return state.news
            }
            if !news.isEmpty {
                self.mailbox.discard(ticket)
                return news
            }
            guard await self.mailbox.wait(ticket) != nil else { throw SimulatedDisk.dead }
        }
    }

    /// One engine is at work in a process, so all news is for the same.
    private static let listener = Holder(number: 0)

    private func write(_ line: @autoclosure () -> String) {
        guard self.network.knobs.keepsLog else { return }
        self.network.history.write("\(self.environment.clock.uptime) \(self.process.name) \(line())")
    }

    private func hear(_ news: [RunNews]) {
        self.write("hears \(news.map { "\($0.id.key): \($0.news) \($0.steps.sorted()) \($0.isOver ? "over" : "")" })")
        self.state.withLock { $0.news += news }
        self.mailbox.wake(Self.listener)
    }

    private func listen(as holder: Holder) async {
        while self.process.isAlive, !self.state.withLock({ $0.isClosed }) {
            do throws(PenstockError) {
                guard let store = self.own ?? self.network.server else { throw Self.unavailable }
                let hear = { @Sendable (store: any Store) async throws(PenstockError) in
                    try await store.news(for: holder)
                }
                let news = try await (self.own == nil ? Self.ask(store, hear) : hear(store))
                if self.dice.strikes(.lateNews, self.process.name) {
                    await self.pause(.milliseconds(1 + self.dice.draw(.lateNews, below: 2000)))
                    // A second time, as a poll finds again what a notice has told.
                    if self.dice.draw(.lateNews, below: 2) == 0 { self.hear(news) }
                }
                self.hear(news)
            } catch {
                guard self.own == nil else { return }
                await self.pause()
            }
        }
    }

    private func pause(_ duration: Duration = .milliseconds(200)) async {
        // Cut short when the process is told to end: its loops look at that themselves.
        try? await self.environment.clock.sleep(for: duration)
    }

    // MARK: Reading

    func settled(_ id: ItemID) async throws(PenstockError) -> ItemRecord? {
        try await self.call("waits") { store throws(PenstockError) in try await store.settled(id) }
    }

    func room(in queue: String, below capacity: Int) async throws(PenstockError) {
        try await self.call("waits") { store throws(PenstockError) in try await store.room(in: queue, below: capacity) }
    }

    func item(_ reference: ItemReference) async throws(PenstockError) -> ItemRecord? {
        try await self.call("reads") { store throws(PenstockError) in try await store.item(reference) }
    }

    func items(_ query: ItemQuery) async throws(PenstockError) -> [ItemRecord] {
        try await self.call("reads") { store throws(PenstockError) in try await store.items(query) }
    }

    func counts() async throws(PenstockError) -> [QueueCount] {
        try await self.call("counts") { store throws(PenstockError) in try await store.counts() }
    }

    func close() async {
        self.state.withLock { $0.isClosed = true }
        self.mailbox.close()
        await self.own?.close()
    }
}

public import Penstock

/// Several clients that use one store at random, all at once, and a check of what they saw.
///
/// They have few keys in few queues, so that they get in each other's way. What they ask is determined by a seed; what
/// comes of it is too in a ``Simulation``, and on threads it is not.
///
/// ```swift
/// let report = try await HistoryTrial(seed: 7).run { await MemoryStore() }
/// guard report.isSound else { throw Unsound(report) }
/// ```
///
/// Clients in several processes use ``client(_:over:into:)`` with a recorder that writes lines, each process its own;
/// when all have ended, somebody opens the store once more, calls ``finish(over:into:)``, joins what was written with
/// ``History/init(texts:)`` and looks at it with a ``HistoryCheck``.
public struct HistoryTrial: Sendable {
    /// What determines everything that is asked.
    public var seed: UInt64
    /// How many clients there are.
    public var clients = 4
    /// How many calls each of them makes, give or take a few.
    public var calls = 500
    /// How many queues they share.
    public var queues = 2
    /// How many keys each queue has, beside those that the store makes.
    public var keys = 3
    /// How many of a hundred transactions fail before they come to the store, or lose their answer on the way back.
    public var lostAnswers = 3
    /// How many configurations may be looked at for one item; see ``HistoryCheck/init(_:budget:)``.
    public var budget = 200_000

    /// Makes a trial.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// Has all clients use a store, closes it, and looks at what they saw.
    public func run(_ open: () async throws -> any Store) async throws -> HistoryReport {
        let recorder = HistoryRecorder()
        let store = try await open()
        do {
            try await self.run(over: store, into: recorder)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        return HistoryCheck(recorder.history, budget: self.budget).run()
    }

    func run(over store: any Store, into recorder: HistoryRecorder) async throws {
        await withTaskGroup { group in
            for number in 1...max(self.clients, 1) {
                group.addTask { await self.client(number, over: store, into: recorder) }
            }
        }
        try await self.finish(over: store, into: recorder)
    }

    /// Does what one client does, and returns when it has made all its calls or the store was closed.
    ///
    /// - Parameter number: The number of the client, from 1, which no other client of the trial has, in whatever
    ///   process.
    public func client(_ number: Int, over store: any Store, into recorder: HistoryRecorder) async {
        let own = self.seed &* 1_000_003 &+ UInt64(number)
        let unsteady = UnsteadyStore(over: store, lost: self.lostAnswers, seed: ~own)
        let recorded = RecordingStore(over: unsteady, client: number, into: recorder)
        let waiter = HistoryWaiter(over: recorded)
        await withTaskGroup { group in
            group.addTask { await waiter.run() }
            var client = HistoryClient(number, self, over: recorded, waiter, seed: own)
            await client.run()
            group.cancelAll()
        }
    }

    /// Reads what is there in the end, when all clients have ended.
    public func finish(over store: any Store, into recorder: HistoryRecorder) async throws(PenstockError) {
        let recorded = RecordingStore(over: store, client: 0, into: recorder)
        var after: ItemRecord?
        while true {
            let query = ItemQuery(.roots(queue: nil), after: after)
            let page = try await recorded.items(query)
            guard page.count == query.limit else { return }
            after = page.last
        }
    }
}

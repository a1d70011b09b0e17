import Penstock

/// A client that uses a store at random.
struct HistoryClient {
    private let number: Int
    private let trial: HistoryTrial
    private let store: any Store
    private let waiter: HistoryWaiter
    private var generator: SeededGenerator
    /// Leases that it believes to have, and those that it knows to have ended.
    private var held: [LeasedItem] = []
    private var ended: [LeaseReference] = []
    /// Addresses that it was shown.
    private var known: [ItemID] = []
    private var values = 0
    private var isOver = false

    init(_ number: Int, _ trial: HistoryTrial, over store: any Store, _ waiter: HistoryWaiter, seed: UInt64) {
        (self.number, self.trial, self.store, self.waiter) = (number, trial, store, waiter)
        self.generator = SeededGenerator(seed: seed)
    }

    mutating func run() async {
        for _ in 0..<self.trial.calls {
            guard !self.isOver else { return }
            do throws(PenstockError) {
                try await self.act()
            } catch {
                // It is in the history.
                self.isOver = error.code == .storeClosed
            }
        }
    }

    private mutating func act() async throws(PenstockError) {
        switch self.draw(100) {
        case ..<20: try await self.commit([self.push()])
        case ..<40: try await self.reserve()
        case ..<62: try await self.settle()
        case ..<66: try await self.settleStale()
        case ..<70: try await self.commit([.pop(self.reference())])
        case ..<73: try await self.commit([.resolve(self.reference(), self.resolution())])
        case ..<76: try await self.commit([self.append()])
        case ..<84: try await self.commit([.control(self.reference(), self.verb())])
        case ..<91: self.learn(try await self.store.item(self.reference()))
        case ..<94: try await self.list()
        case ..<96: try await self.extend()
        case ..<97: try await self.relinquish()
        case ..<98: if self.draw(10) == 0 { try await self.commit([.clear(queue: self.queue())]) }
        default: await self.rest()
        }
    }

    // MARK: Arguments

    private mutating func draw(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self.generator) }

    private mutating func queue() -> String { "q\(self.draw(self.trial.queues))" }

    private mutating func key() -> String { "k\(self.draw(self.trial.keys))" }

    /// A value that nobody else has.
    private mutating func value() -> Payload {
        self.values += 1
        return Payload(bytes: Array("\(self.number).\(self.values)".utf8))
    }

    private mutating func push() -> Operation {
        let policies: [DuplicatePolicy] = [.ignore, .refuse, .replace]
        var item = NewItem(queue: self.queue(), payload: self.value())
        item.key = self.draw(8) == 0 ? nil : self.key()
        item.onDuplicate = policies[self.draw(3)]
        return .push(item)
    }

    private mutating func append() -> Operation {
        .append(queue: "lists", key: self.key(), element: self.value())
    }

    private mutating func reference() -> ItemReference {
        if self.draw(12) == 0 { return .key(queue: "lists", self.key()) }
        guard self.draw(3) == 0, let id = self.known.randomElement(using: &self.generator) else {
            return .key(queue: self.queue(), self.key())
        }
        return .id(id)
    }

    private mutating func verb() -> ControlVerb { ControlVerb.allCases[self.draw(ControlVerb.allCases.count)] }

    private mutating func resolution() -> Resolution {
        self.draw(2) == 0 ? .resolve(self.value()) : .reject(self.failure())
    }

    private mutating func failure() -> Failure {
        Failure(.failed, pipeline: "trial", message: self.value().text)
    }

    private mutating func settlement() -> Settlement {
        switch self.draw(8) {
        case ..<2: .complete(self.value())
        case ..<4: .consume
        case 4: .fail(self.failure())
        case 5: .retry(after: .zero, self.failure())
        case 6: .release
        default: self.draw(4) == 0 ? .diverge(self.failure()) : .complete(self.value())
        }
    }

    private mutating func learn(_ record: ItemRecord?) {
        guard let record else { return }
        self.known.append(record.id)
        // What it knows of the oldest is not worth much.
        if self.known.count > 24 { self.known.removeFirst() }
        if self.draw(8) == 0 { self.waiter.want(record.id) }
    }

    // MARK: Calls

    /// Hands in a transaction, and sometimes again when nobody knows what came of it.
    @discardableResult
    private mutating func commit(_ operations: [Operation]) async throws(PenstockError) -> Receipt {
        while true {
            do throws(PenstockError) {
                let receipt = try await self.store.commit(Transaction(operations))
                for case let id? in receipt.ids { self.known.append(id) }
                if self.known.count > 24 { self.known.removeFirst(self.known.count - 24) }
                return receipt
            } catch {
                guard error.code == .storeUnavailable, self.draw(2) == 0 else { throw error }
            }
        }
    }

    private mutating func reserve() async throws(PenstockError) {
        var request = ReserveRequest(queue: self.queue(), limit: 1 + self.draw(2), waits: false)
        switch self.draw(10) {
        case ..<6: request.choice = .next
        case ..<9: request.choice = .key(self.key())
        default: request.choice = .matching { $0.attempt % 2 == 0 }
        }
        request.duration = self.draw(5) == 0 ? .milliseconds(1 + self.draw(3)) : nil
        let leased = try await self.store.reserve(request)
        self.held += leased
        for item in leased { self.learn(item.record) }
    }

    /// Ends a lease, and sometimes pushes something with it.
    private mutating func settle() async throws(PenstockError) {
        guard !self.held.isEmpty else { return try await self.reserve() }
        let item = self.held.remove(at: self.draw(self.held.count))
        let end = Operation.settle(item.lease, self.settlement())
        let isMove = self.draw(4) == 0
        do throws(PenstockError) {
            try await self.commit(isMove ? [end, self.push()] : [end])
        } catch {
            // What may still be held is ended some other time.
            if error.code == .storeUnavailable { self.held.append(item) }
            throw error
        }
        self.ended.append(item.lease)
        if self.ended.count > 8 { self.ended.removeFirst() }
        self.waiter.want(item.lease.id)
    }

    private mutating func settleStale() async throws(PenstockError) {
        guard let lease = self.ended.randomElement(using: &self.generator) else { return }
        try await self.commit([.settle(lease, self.settlement())])
    }

    private mutating func extend() async throws(PenstockError) {
        let leases = self.held.map(\.lease) + self.ended
        guard let lease = leases.randomElement(using: &self.generator) else { return }
        try await self.store.extend([lease], for: self.draw(3) == 0 ? .milliseconds(2) : nil)
    }

    private mutating func relinquish() async throws(PenstockError) {
        guard !self.held.isEmpty else { return }
        let lease = self.held.remove(at: self.draw(self.held.count)).lease
        self.ended.append(lease)
        _ = await self.store.relinquish(lease, news: .max)
    }

    private mutating func list() async throws(PenstockError) {
        let queue = self.draw(6) == 0 ? "lists" : self.queue()
        let scope: ItemQuery.Scope = self.draw(2) == 0 ? .waiting(queue: queue) : .roots(queue: queue)
        let states: Set<ItemState> = self.draw(3) == 0 ? [.completed, .ready] : []
        for record in try await self.store.items(ItemQuery(scope, states: states)).prefix(4) { self.learn(record) }
    }

    private func rest() async {
        do {
            try await self.store.environment.clock.sleep(for: .milliseconds(1))
        } catch {
            // Whoever is cancelled goes on, until its store is closed.
        }
    }
}

public import Penstock
public import PenstockTesting
import Synchronization

/// Several who want to end one item at the same time: its holder, the timer of its holder, an operator, and the next
/// holder, who has it when the first lease is over.
///
/// Whatever the order, one of them ends it, all others are refused, and the item is as that one left it.
public struct SettlementRace: Sendable {
    private let store: any Store
    private let queue: String
    private let chance: SeededEntropy
    /// The delays are whole numbers of these, so that some of them end at the same time.
    private let beat: Duration

    /// How many beats the first lease takes.
    private static let lease: Int = 10

    /// Makes races over a store.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - queue: A queue that nobody else uses.
    ///   - chance: Decides who does what and when.
    ///   - beat: What delays are multiples of.
    public init(over store: any Store, queue: String, chance: SeededEntropy, beat: Duration) {
        (self.store, self.queue, self.chance, self.beat) = (store, queue, chance, beat)
    }

    /// Races for one item.
    /// - Returns: what is wrong with what came of it.
    public func run() async throws -> [String] {
        let item = NewItem(queue: self.queue, payload: try Payload(encoding: "item"))
        guard let id = try await self.store.commit(Transaction([.push(item)])).ids[0] else { return ["no address"] }
        let book = RaceBook()
        guard let first = try await self.lease(book) else { return ["an item that was pushed cannot be leased"] }
        try await withThrowingTaskGroup { group in
            for racer in Racer.allCases {
                // Not everybody takes part each time.
                guard racer == .holder || self.chance.next() % 3 > 0 else { continue }
                let (delay, choice) = (self.beat * Int(self.chance.next() % 13), self.chance.next())
                group.addTask {
                    try await self.store.environment.clock.sleep(for: delay)
                    try await self.act(racer, choice, first.lease, id, book)
                }
            }
            try await group.waitForAll()
        }
        // What nobody has ended is ended by whoever gets it last.
        while book.end == nil {
            guard let last = try await self.lease(book, waits: true) else { continue }
            try await self.attempt(.complete("last"), under: last.lease, id, book)
        }
        let problems = try await self.problems(id, book)
        _ = try await self.store.commit(Transaction([.control(.id(id), .delete)]))
        return problems
    }

    private enum Racer: CaseIterable {
        case holder
        case timer
        case heartbeat
        case operators
        case successor
    }

    private func act(
        _ racer: Racer,
        _ choice: UInt64,
        _ lease: LeaseReference,
        _ id: ItemID,
        _ book: RaceBook
    ) async throws {
        switch racer {
        case .holder: try await self.attempt(choice % 4 == 0 ? .release : .complete("holder"), under: lease, id, book)
        case .timer: try await self.attempt(choice % 2 == 0 ? .retry : .fail, under: lease, id, book)
        case .heartbeat: try await self.attempt(.extend(self.beat * Self.lease), under: lease, id, book)
        case .operators: try await self.attempt(.cancel, under: nil, id, book)
        case .successor:
            for _ in 0..<2 * Self.lease {
                if let next = try await self.lease(book) {
                    try await self.store.environment.clock.sleep(for: self.beat * Int(choice % 4))
                    return try await self.attempt(.complete("successor"), under: next.lease, id, book)
                }
                try await self.store.environment.clock.sleep(for: self.beat)
            }
        }
    }

    private func lease(_ book: RaceBook, waits: Bool = false) async throws -> LeasedItem? {
        let duration = self.beat * Self.lease
        let request = ReserveRequest(queue: self.queue, duration: duration, waits: waits)
        // Who was given it before somebody else ended it may hear of that later.
        let end = book.end
        guard let item = try await self.store.reserve(request).first else { return nil }
        book.granted(item.lease.token, whenEndWas: end)
        return item
    }

    /// Does something to the item, and writes down what came of it.
    private func attempt(
        _ act: RaceAct,
        under lease: LeaseReference?,
        _ id: ItemID,
        _ book: RaceBook
    ) async throws {
        let newest = book.newest
        do throws(PenstockError) {
            try await self.perform(act, under: lease, id)
        } catch {
            guard [.leaseLost, .conflict].contains(error.code) else { throw error }
            return
        }
        book.accepted(act, under: lease?.token, whenNewestWas: newest)
    }

    private func perform(_ act: RaceAct, under lease: LeaseReference?, _ id: ItemID) async throws(PenstockError) {
        guard let lease else {
            _ = try await self.store.commit(Transaction([.control(.id(id), .cancel)]))
            return
        }
        if case .extend(let duration) = act { return try await self.store.extend([lease], for: duration) }
        guard let settlement = act.settlement else { return }
        var transaction = Transaction([.settle(lease, settlement)])
        // Whoever ends it says so in a row beside it.
        if act.isEnd { transaction.add(.push(NewItem(queue: "\(self.queue)-said", payload: act.payload))) }
        _ = try await self.store.commit(transaction)
    }

    private func problems(_ id: ItemID, _ book: RaceBook) async throws -> [String] {
        var problems = book.problems
        guard let record = try await self.store.item(.id(id)), let end = book.end else {
            return problems + ["the item is gone"]
        }
        if record.state != end.state { problems.append("it is \(record.state), and what was accepted is \(end)") }
        if case .complete = end, record.result != end.payload { problems.append("its result is not that of \(end)") }
        let said = try await self.store.items(ItemQuery(.roots(queue: "\(self.queue)-said")))
        let expected = end.isEnd ? [end.payload] : []
        if said.map(\.payload) != expected { problems.append("\(said.count) have said that they ended it: \(end)") }
        for row in said { _ = try await self.store.commit(Transaction([.control(.id(row.id), .delete)])) }
        return problems
    }
}

/// What somebody does to an item.
enum RaceAct: Sendable, Hashable {
    case complete(String)
    case fail
    case retry
    case release
    case extend(Duration)
    case cancel

    /// The state in which it leaves the item; `nil` when that is not its end.
    var state: ItemState? {
        switch self {
        case .complete: .completed
        case .fail: .failed
        case .cancel: .cancelled
        case .retry, .release, .extend: nil
        }
    }

    /// Whether it is an end under a lease.
    var isEnd: Bool { self.state != nil && self != .cancel }

    var payload: Payload { Payload(bytes: Array("\"\(self)\"".utf8)) }

    var settlement: Settlement? {
        let failure = Failure(.timedOut, pipeline: "race", message: "too slow")
        return switch self {
        case .complete: .complete(self.payload)
        case .fail: .fail(failure)
        case .retry: .retry(after: .zero, failure)
        case .release: .release
        case .extend, .cancel: nil
        }
    }
}

/// What is known of an item for which several race.
final class RaceBook: Sendable {
    private struct State {
        var newest: Int64 = 0
        var end: RaceAct?
        var problems: [String] = []
    }

    private let state = Mutex(State())

    var newest: Int64 { self.state.withLock { $0.newest } }
    var end: RaceAct? { self.state.withLock { $0.end } }
    var problems: [String] { self.state.withLock { $0.problems } }

    func granted(_ token: Int64, whenEndWas end: RaceAct?) {
        self.state.withLock { state in
            if token <= state.newest { state.problems.append("token \(token) after \(state.newest)") }
            if let end { state.problems.append("leased after \(end)") }
            state.newest = max(state.newest, token)
        }
    }

    func accepted(_ act: RaceAct, under token: Int64?, whenNewestWas newest: Int64) {
        self.state.withLock { state in
            if let token, token < newest { state.problems.append("\(act) under \(token), when \(newest) was granted") }
            guard act.state != nil else { return }
            if let end = state.end { state.problems.append("\(act) was accepted, and \(end) as well") }
            state.end = act
        }
    }
}

import Penstock
import PenstockSQLite

/// Works with leases by hand, which have an end.
///
/// - `stalled`: of two consumers one is stalled past its lease, and acts when the other has the item, again and again.
/// - `consume`: many consumers at once, for whole processes that are stopped.
/// - `heartbeat`: bodies that keep every thread busy for three times as long as their leases, which they extend.
struct LeaseWorker: Worker {
    static let name = "leases"

    private let kind: String
    private let path: String
    private let count: Int

    init(_ arguments: [String]) throws {
        guard arguments.count == 3, let count = Int(arguments[2]) else { throw Unexpected("leases KIND PATH COUNT") }
        self.kind = arguments[0]
        self.path = arguments[1]
        self.count = count
    }

    func run() async throws {
        let store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        var table = Transaction()
        table.sql("CREATE TABLE IF NOT EXISTS ledger(x INTEGER NOT NULL)")
        _ = try await store.commit(table)
        switch self.kind {
        case "stalled": try await self.stall(in: store)
        case "consume": try await self.consume(from: store)
        case "heartbeat": try await self.beat(in: store)
        default: throw Unexpected("there is no kind '\(self.kind)'")
        }
        let problems = try await Recount.problems(in: store)
        guard problems.isEmpty else { throw Unexpected("\(problems)") }
        await store.close()
        say("all")
    }

    // MARK: Two consumers

    private func stall(in store: SQLiteStore) async throws {
        for number in 0..<self.count {
            let push = NewItem(queue: "jobs", key: "\(number)", payload: try Payload(encoding: number))
            _ = try await store.commit(Transaction([.push(push)]))
            let slow = try await Self.lease(from: store, for: .milliseconds(1))
            // It waits until the first lease is over: that is the stall.
            let quick = try await Self.lease(from: store, for: .seconds(3600))
            guard quick.record.id == slow.record.id, quick.lease.token > slow.lease.token else {
                throw Unexpected("the second lease is \(quick.lease), after \(slow.lease)")
            }
            let actsBefore = number % 2 == 0
            if actsBefore { try await Self.actLate(number, slow.lease, in: store) }
            try await Self.complete(quick, in: store)
            if !actsBefore { try await Self.actLate(number, slow.lease, in: store) }
            if number % 100 == 99 { say("stalled \(number + 1)") }
        }
    }

    private static func lease(from store: SQLiteStore, for duration: Duration) async throws -> LeasedItem {
        let leased = try await store.reserve(ReserveRequest(queue: "jobs", duration: duration))
        guard let item = leased.first else { throw Unexpected("the item that was waited for is not there") }
        return item
    }

    /// The holder of a lease that is over does one of all the things that it might, and changes nothing.
    private static func actLate(_ number: Int, _ lease: LeaseReference, in store: SQLiteStore) async throws {
        do {
            try await self.act((number / 2) % self.acts, lease, in: store)
        } catch let error as PenstockError where error.code == .leaseLost {
            return
        }
        throw Unexpected("the holder of lease \(lease), which is over, was let do act \((number / 2) % self.acts)")
    }

    /// How many things the holder of a lease may do.
    static let acts = 8

    static func act(_ way: Int, _ lease: LeaseReference, in store: SQLiteStore) async throws {
        let failure = Failure(.failed, pipeline: "jobs", message: "late")
        let result = try Payload(encoding: -1)
        switch way {
        case 0: try await store.extend([lease], for: .seconds(60))
        case 1: try await Self.settle(lease, .complete(result), in: store)
        case 2: try await Self.settle(lease, .fail(failure), in: store)
        case 3: try await Self.settle(lease, .retry(after: .zero, failure), in: store)
        case 4: try await Self.settle(lease, .release, in: store)
        case 5: try await Self.settle(lease, .consume, in: store)
        case 6: try await Self.settle(lease, .park(news: 0), in: store)
        default:
            var transaction = Transaction([.push(NewItem(queue: "late", payload: result))])
            transaction.sql("INSERT INTO ledger VALUES (-1)")
            transaction.add(.settle(lease, .consume))
            _ = try await store.commit(transaction)
        }
    }

    private static func settle(
        _ lease: LeaseReference,
        _ settlement: Settlement,
        in store: SQLiteStore
    ) async throws(PenstockError) {
        _ = try await store.commit(Transaction([.settle(lease, settlement)]))
    }

    // MARK: Many consumers

    private func consume(from store: SQLiteStore) async throws {
        let pushes = try (0..<self.count).map { number in
            Operation.push(NewItem(queue: "jobs", key: "\(number)", payload: try Payload(encoding: number)))
        }
        for start in stride(from: 0, to: self.count, by: 10_000) {
            _ = try await store.commit(Transaction(Array(pushes[start..<min(start + 10_000, self.count)])))
        }
        say("open")
        let (done, lost) = (Counter(), Counter())
        await withTaskGroup { group in
            for _ in 0..<16 {
                group.addTask { await self.consume(from: store, done, lost) }
            }
        }
        say("lost \(lost.value)")
    }

    private func consume(from store: SQLiteStore, _ done: Counter, _ lost: Counter) async {
        while done.value < self.count {
            do {
                if try await Self.consumeNext(from: store) { done.add(1) } else { await Task.yield() }
            } catch let error as PenstockError where error.code == .leaseLost {
                lost.add(1)
            } catch {
                say("error: \(error)")
                return
            }
        }
    }

    /// - Returns: whether there was an item.
    private static func consumeNext(from store: SQLiteStore) async throws -> Bool {
        let duration = Duration.milliseconds(20)
        let request = ReserveRequest(queue: "jobs", duration: duration, waits: false)
        guard let item = try await store.reserve(request).first else { return false }
        // There are instants between the two in which the process may be stopped.
        for _ in 0..<100 { await Task.yield() }
        try await store.extend([item.lease], for: duration)
        try await Self.complete(item, in: store)
        return true
    }

    /// Ends an item with its own value, and adds a row of the user's.
    private static func complete(_ item: LeasedItem, in store: SQLiteStore) async throws {
        let number = try item.record.payload.decode(as: Int.self)
        var end = Transaction([.settle(item.lease, .complete(item.record.payload))])
        end.sql("INSERT INTO ledger VALUES (?)", .integer(Int64(number)))
        _ = try await store.commit(end)
    }

    // MARK: Busy threads

    private func beat(in store: SQLiteStore) async throws {
        let lost = Counter()
        for number in 0..<self.count {
            let push = NewItem(queue: "jobs", key: "\(number)", payload: try Payload(encoding: number))
            _ = try await store.commit(Transaction([.push(push)]))
        }
        let duration = Duration.milliseconds(30)
        await withTaskGroup { group in
            for _ in 0..<self.count {
                group.addTask {
                    do {
                        let leased = try await store.reserve(ReserveRequest(queue: "jobs", duration: duration))
                        guard let item = leased.first else { throw Unexpected("there is no item") }
                        try await Self.work(under: item.lease, duration, in: store)
                        try await Self.complete(item, in: store)
                    } catch {
                        say("notice \(error)")
                        lost.add(1)
                    }
                }
            }
        }
        say("lost \(lost.value)")
    }

    /// Keeps a thread busy for three leases, and extends its own a few times in each.
    private static func work(under lease: LeaseReference, _ duration: Duration, in store: SQLiteStore) async throws {
        let start = ContinuousClock.now
        var next = start
        while start.duration(to: .now) < duration * 3 {
            guard next <= .now else { continue }
            try await store.extend([lease], for: duration)
            next = .now + duration / 4
        }
    }
}

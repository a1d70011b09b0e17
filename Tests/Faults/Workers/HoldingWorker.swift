import Penstock
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// Holds leases while a backup is put in the place of its store, and wants to end them afterwards.
///
/// `held TOKEN` says how far the tokens are. Asked to end, it closes the store, and says `closed`. When there is a file
/// beside the database that says that the backup is in place, it opens the store again and tries all that it might.
struct HoldingWorker: Worker {
    static let name = "holding"

    /// How many items there are in its queue.
    static let items = 8

    private let path: String

    init(_ arguments: [String]) throws {
        guard arguments.count == 1 else { throw Unexpected("holding PATH") }
        self.path = arguments[0]
    }

    /// The file that says that it may go on.
    static func sign(_ path: String) -> String { "\(path).restored" }

    /// Puts items into the queue, which are to be in the backup.
    static func fill(_ store: any Store) async throws {
        let pushes = try (0..<Self.items).map { number in
            Operation.push(NewItem(queue: "held", key: "\(number)", payload: try Payload(encoding: number)))
        }
        _ = try await store.commit(Transaction(pushes))
    }

    func run() async throws {
        var store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        let request = ReserveRequest(queue: "held", limit: Self.items, duration: .seconds(3600))
        let held = try await store.reserve(request)
        guard held.count == Self.items else { throw Unexpected("\(held.count) items are there") }
        // More is done after the backup: what it knows of tokens and numbers is old.
        for number in 0..<50 {
            let item = NewItem(queue: "later", payload: try Payload(encoding: number))
            _ = try await store.commit(Transaction([.push(item)]))
            guard let next = try await store.reserve(ReserveRequest(queue: "later")).first else { continue }
            _ = try await store.commit(Transaction([.settle(next.lease, .consume)]))
        }
        let asked = AsyncStream<Void>.makeStream()
        try System.whenAskedToEnd { asked.continuation.finish() }
        say("held \(held.map(\.lease.token).max() ?? 0)")
        for await _ in asked.stream {}
        await store.close()
        say("closed")
        while Files.size(Self.sign(self.path)) == 0 { try await LiveClock().sleep(for: .milliseconds(1)) }
        store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        let refused = try await Self.actLate(held, in: store)
        let new = try await store.reserve(request)
        let isNewer = new.allSatisfy { next in held.allSatisfy { next.lease.token > $0.lease.token } }
        guard new.count == Self.items, isNewer else {
            throw Unexpected("\(new.map(\.lease)) after \(held.map(\.lease))")
        }
        let again = try await Self.actLate(held, in: store)
        for item in new { _ = try await store.commit(Transaction([.settle(item.lease, .consume)])) }
        await store.close()
        say("refused \(refused + again)")
    }

    /// Tries to end what it held.
    /// - Returns: how often it was refused, which is each time.
    private static func actLate(_ held: [LeasedItem], in store: SQLiteStore) async throws -> Int {
        for (number, item) in held.enumerated() {
            do {
                try await LeaseWorker.act(number % LeaseWorker.acts, item.lease, in: store)
            } catch let error as PenstockError where error.code == .leaseLost {
                continue
            }
            throw Unexpected("a lease from before the backup was put in place did what it wanted: \(number)")
        }
        return held.count
    }
}

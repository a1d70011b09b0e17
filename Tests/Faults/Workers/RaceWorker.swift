import Penstock
import PenstockSQLite

/// Has a hundred tasks push the same key at once, for one key after the other.
struct RaceWorker: Worker {
    static let name = "race"

    private let path: String
    private let keys: Range<Int>

    private static let tasks = 100

    init(_ arguments: [String]) throws {
        guard arguments.count == 3, let first = Int(arguments[1]), let end = Int(arguments[2]), first <= end else {
            throw Unexpected("race PATH FIRST END")
        }
        self.path = arguments[0]
        self.keys = first..<end
    }

    func run() async throws {
        let store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        say("open")
        for key in self.keys {
            let ids = try await withThrowingTaskGroup { group in
                for task in 0..<Self.tasks {
                    group.addTask {
                        let item = NewItem(queue: "keys", key: "key-\(key)", payload: try Payload(encoding: task))
                        let receipt = try await store.commit(Transaction([.push(item)]))
                        return (receipt.ids.first ?? nil, receipt.wasThere.first ?? true)
                    }
                }
                return try await group.reduce(into: [(ItemID?, Bool)]()) { $0.append($1) }
            }
            guard let id = ids.first?.0, ids.allSatisfy({ $0.0 == id }) else {
                throw Unexpected("key \(key) was given several addresses: \(ids.map(\.0))")
            }
            // A process before may have made it, and been killed.
            guard ids.count(where: { !$0.1 }) <= 1 else { throw Unexpected("key \(key) was made several times") }
            say("key \(key) \(id.root)")
        }
        await store.close()
        say("all")
    }
}

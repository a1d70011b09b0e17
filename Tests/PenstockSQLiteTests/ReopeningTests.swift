import DiskWorkload
import Penstock
import PenstockSQLite
import Testing

@Suite("Opening a SQLite store again")
struct ReopeningTests {
    @Test("Rows come back as they were, in order")
    func rowsComeBack() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        for number in 0..<50 { try await store.push("\(number)", key: "k\(number)", priority: number % 3) }
        let before = try await store.items(ItemQuery(.waiting(queue: "jobs")))
        await store.close()
        store = try await openStore(folder.database)
        #expect(try await store.items(ItemQuery(.waiting(queue: "jobs"))) == before)
        let leased = try await store.lease(50).map(\.record.payload.text)
        let expected = [2, 1, 0].flatMap { rest in (0..<50).filter { $0 % 3 == rest }.map { "\($0)" } }
        #expect(leased == expected)
        await store.close()
    }

    @Test("Tokens grow over every opening, and an old one changes nothing")
    func tokensGrow() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        try await store.push("1")
        let old = try await store.lease()[0]
        await store.close()
        store = try await openStore(folder.database)
        await #expect(throws: PenstockError.self) {
            try await store.settle(old, .complete(payload("9")))
        }
        let new = try await store.lease()[0]
        #expect(new.lease.token > old.lease.token)
        await #expect(throws: PenstockError.self) { try await store.settle(old, .consume) }
        try await store.settle(new, .complete(payload("2")))
        #expect(try await store.item(.id(new.record.id))?.result == payload("2"))
        await store.close()
    }

    @Test("A number is never given out twice, though its row and the process are gone")
    func numbersAreNotReused() async throws {
        let folder = try Folder()
        var last: Int64 = 0
        for _ in 0..<3 {
            let store = try await openStore(folder.database)
            let id = try await store.push("1")
            #expect(id.root > last)
            last = id.root
            _ = try await store.commit(Transaction([.pop(.id(id))]))
            #expect(try await store.item(.id(id)) == nil)
            await store.close()
        }
        #expect(last < 1000, "a clean end gives back what is left of the block")
    }

    @Test("A backlog longer than the index keeps is leased in order")
    func longBacklog() async throws {
        let folder = try Folder()
        var store = try await openStore(folder.database)
        let count = 20_000
        for start in stride(from: 0, to: count, by: 1000) {
            let items = (start..<start + 1000).map { NewItem(queue: "jobs", payload: payload("\($0)")) }
            _ = try await store.commit(Transaction(items.map { .push($0) }))
        }
        await store.close()
        store = try await openStore(folder.database)
        #expect(try await store.counts() == [QueueCount(queue: "jobs", ready: count, leased: 0, parked: 0)])
        var leased: [String] = []
        while leased.count < count {
            let items = try await store.lease(500)
            try #require(!items.isEmpty, "nothing is ready after \(leased.count) items")
            leased += items.map(\.record.payload.text)
            _ = try await store.commit(Transaction(items.map { .settle($0.lease, .consume) }))
        }
        #expect(leased == (0..<count).map { "\($0)" })
        #expect(try await store.lease().isEmpty)
        await store.close()
    }

    @Test("A group that fails leaves no queue's name behind that a later one would trip over")
    func undoneNames() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let first = NewItem(queue: "first", payload: payload("1"))
        let twice = NewItem(queue: "first", key: "k", payload: payload("2"), onDuplicate: .refuse)
        await #expect(throws: PenstockError.self) {
            _ = try await store.commit(Transaction([.push(first), .push(twice), .push(twice)]))
        }
        try await store.push("3", to: "second")
        try await store.push("4", to: "first")
        #expect(try await store.items(ItemQuery(.waiting(queue: "first"))).map(\.payload.text) == ["4"])
        #expect(try await store.items(ItemQuery(.waiting(queue: "second"))).map(\.payload.text) == ["3"])
        await store.close()
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
    }

    @Test("Pages cover everything once: what waits, roots of one queue and of all, journals")
    func pages() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        var runs: [LeasedItem] = []
        for number in 0..<7 {
            runs.append(try await store.startRun(queue: "flow", calling: "step"))
            try await store.push("\(number)", to: "flow", priority: number % 2)
        }
        for step in 2...5 { try await store.call(step, of: runs[0], "step") }
        func all(_ scope: ItemQuery.Scope) async throws -> [ItemRecord] {
            var rows: [ItemRecord] = []
            while true {
                let page = try await store.items(ItemQuery(scope, after: rows.last, limit: 2))
                guard !page.isEmpty else { return rows }
                rows += page
            }
        }
        let waiting = try await all(.waiting(queue: "flow"))
        #expect(waiting.count == 14)
        let order = waiting.map { (-$0.priority, $0.due.milliseconds, $0.number) }
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 })
        #expect(Set(waiting.map(\.state)) == [.ready, .parked])
        let roots = try await all(.roots(queue: nil)).map(\.number)
        #expect(roots.count == 14)
        #expect(roots == roots.sorted(by: >))
        #expect(try await all(.roots(queue: "flow")).map(\.number) == roots)
        #expect(try await all(.roots(queue: "none")).isEmpty)
        let root = runs[0].record.id.root
        #expect(try await all(.journal(root: root, run: root)).map(\.id.step) == [1, 2, 3, 4, 5])
        let parked = ItemQuery(.waiting(queue: "flow"), states: [.parked])
        #expect(try await store.items(parked).count == 7)
        await store.close()
    }
}

import Penstock

extension StoreConformance {
    /// All or none.
    static let atomicity: [ConformanceCase] =
        failures.map { name, code, make in
            ConformanceCase("every operation is undone when \(name), wherever in the transaction that is") { bench in
                let scene = try await Scene(bench)
                let before = try await bench.content()
                for place in 0...scene.operations.count {
                    var operations = scene.operations
                    operations.insert(make(bench, scene), at: place)
                    try await expect(code) { _ = try await bench.store.commit(Transaction(operations)) }
                    let after = try await bench.content()
                    try expect(after == before, "nothing is left of a transaction that failed at \(place)")
                    try await bench.checkCounts()
                }
                // The leases and places in the queues are what they were, so that the same can still be done.
                try expect(try await bench.lease("untouched").count, is: 1)
                let receipt = try await bench.store.commit(Transaction(scene.operations))
                try expect(receipt.ids.count, is: scene.operations.count)
                try expect(try await bench.content() != before, "without the failure it is done")
            }
        } + [
            ConformanceCase("of transactions that come at once, those that fail undo nothing of the others") { bench in
                let accepted = try await bench.together(100) { number in
                    var transaction = Transaction([.push(bench.item("\(number)", to: "good"))])
                    if number % 3 == 0 { transaction.add(.pop(.key(queue: "q", "nothing"))) }
                    _ = try await bench.store.commit(transaction)
                    return number
                }
                try expect(Set(accepted), is: Set((0..<100).filter { $0 % 3 != 0 }), "the accepted ones")
                let keys = try await bench.lease("good", limit: 200).compactMap { Int($0.record.key) }
                try expect(Set(keys), is: Set(accepted), "the keys that are there")
            },
            ConformanceCase("moving from one queue to another leaves each item in exactly one") { bench in
                for number in 0..<50 { try await bench.push("\(number)", to: "from") }
                let leased = try await bench.lease("from", limit: 50)
                _ = try await bench.together(50) { number in
                    let item = leased[number]
                    var transaction = Transaction([.push(bench.item(item.record.key, to: "to"))])
                    transaction.add(.settle(item.lease, .consume))
                    if number % 2 == 0 { transaction.add(.settle(item.lease, .consume)) }
                    _ = try await bench.store.commit(transaction)
                }
                let from = try await bench.store.items(ItemQuery(.waiting(queue: "from"))).map(\.key)
                let to = try await bench.store.items(ItemQuery(.waiting(queue: "to"))).map(\.key)
                try expect(from.count, is: 25, "how many stayed")
                try expect(Set(from + to).count, is: 50, "how many there are in all")
            },
        ]

    /// Ways in which a transaction fails.
    private static let failures: [(String, PenstockError.Code, @Sendable (StoreBench, Scene) -> Operation)] = [
        ("an item is missing", .notFound, { _, _ in .pop(.key(queue: "q", "nothing")) }),
        ("a lease is stale", .leaseLost, { _, scene in .settle(scene.stale, .release) }),
        ("an item has ended", .conflict, { _, scene in .control(.id(scene.ended), .cancel) }),
        (
            "a key is there already", .duplicateKey,
            { bench, _ in .push(bench.item("there", to: "untouched") { $0.onDuplicate = .refuse }) }
        ),
        ("a queue is full", .queueFull, { bench, _ in .push(bench.item(nil, to: "untouched") { $0.capacity = 1 }) }),
        ("a name is not allowed", .invalidName, { bench, _ in .push(bench.item(nil, to: "no name")) }),
        ("some work is not understood", .unsupported, { _, _ in .work(UnknownWork()) }),
    ]

    private struct UnknownWork: StoreWork {
        let kind = "nobody's"
    }

    /// Rows on which one of each operation can be done.
    struct Scene: Sendable {
        var operations: [Operation] = []
        let stale: LeaseReference
        let ended: ItemID

        init(_ bench: StoreBench) async throws {
            let one = StoreBench.payload("1")
            let failure = Failure(.failed, pipeline: "q", message: "no")
            try await bench.push("there", to: "untouched")
            self.ended = try await bench.push("ended", to: "ends")
            let end = try await bench.leaseOne("ends")
            try await bench.settle(end, .complete(one))
            try await bench.push("stale", to: "ends")
            let stale = try await bench.leaseOne("ends")
            try await bench.settle(stale, .release)
            _ = try await bench.leaseOne("ends")
            // A stale lease on an item that somebody else holds; one that was handed in twice would count as done.
            self.stale = LeaseReference(id: stale.lease.id, token: stale.lease.token - 1)

            var operations: [Operation] = [
                .push(bench.item("new")), .push(bench.item(nil) { $0.replyTo = "answers" }),
                .append(queue: "lists", key: "new list", element: one),
            ]
            try await bench.push("old", "1", to: "olds")
            operations.append(.push(bench.item("old", "2", to: "olds") { $0.onDuplicate = .replace }))
            try await bench.commit(.append(queue: "lists", key: "list", element: one))
            operations.append(.append(queue: "lists", key: "list", element: one))
            try await bench.push("pop", to: "pops")
            operations.append(.pop(.key(queue: "pops", "pop")))
            for _ in 0..<3 { try await bench.push(nil, to: "clears") }
            operations.append(.clear(queue: "clears"))
            try await bench.push("task", to: "tasks") { $0.replyTo = "answers" }
            operations.append(.resolve(.key(queue: "tasks", "task"), .resolve(one)))
            let settlements: [Settlement] = [
                .complete(one), .consume, .fail(failure),
                .retry(after: .zero, failure), .release, .diverge(failure),
            ]
            for settlement in settlements {
                try await bench.push(nil, to: "settles") { $0.replyTo = "answers" }
                operations.append(.settle(try await bench.leaseOne("settles").lease, settlement))
            }
            operations += try await Self.runs(bench)
            self.operations = operations
        }

        /// A run that goes on, one whose step is abandoned, and one for each verb.
        private static func runs(_ bench: StoreBench) async throws -> [Operation] {
            let failure = Failure(.failed, pipeline: "q", message: "no")
            let run = try await bench.parkedRun("goes on")
            var operations = [bench.step(run, 2), .settle(run.lease, .park(news: 0))]
            let leaver = try await bench.parkedRun("leaves")
            operations.append(.abandon(ItemID(root: leaver.record.id.root, run: leaver.record.number, step: 1)))
            for verb in ControlVerb.allCases {
                let run = try await bench.parkedRun(verb.rawValue)
                switch verb {
                case .cancel, .restart: break
                case .retry: try await bench.settle(run, .fail(failure))
                case .resume: try await bench.settle(run, .diverge(failure))
                case .delete: _ = await bench.store.relinquish(run.lease, news: 0)
                }
                operations.append(.control(.id(run.record.id), verb))
            }
            return operations
        }
    }
}

extension StoreBench {
    func item(_ key: String?, to queue: String, _ change: (inout NewItem) -> Void = { _ in }) -> NewItem {
        self.item(key, "1", queue: queue, change)
    }

    func item(
        _ key: String?,
        _ value: String,
        to queue: String,
        _ change: (inout NewItem) -> Void = { _ in }
    ) -> NewItem {
        self.item(key, value, queue: queue, change)
    }
}

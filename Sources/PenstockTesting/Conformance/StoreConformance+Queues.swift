import Penstock

extension StoreConformance {
    /// Plain queue operations and reading.
    static let queues: [ConformanceCase] = [
        ConformanceCase("a popped item is gone") { bench in
            let id = try await bench.push("a")
            let receipt = try await bench.commit(.pop(.key(queue: "q", "a")))
            try expect(receipt.ids, is: [id])
            try expect(try await bench.state(id), is: nil)
            try expect(try await bench.lease().isEmpty, "it is not leased either")
            try await bench.refuses(.notFound, .pop(.key(queue: "q", "a")))
        },
        ConformanceCase("what a worker holds is not popped") { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.refuses(.conflict, .pop(.id(id)))
            try await bench.settle(leased, .consume)
        },
        ConformanceCase("neither a run that waits nor its step is popped") { bench in
            let run = try await bench.parkedRun()
            try await bench.refuses(.conflict, .pop(.id(run.record.id)))
            let step = ItemID(root: run.record.id.root, run: run.record.number, step: 1)
            try await bench.refuses(.conflict, .pop(.id(step)))
        },
        ConformanceCase("a queue is cleared of everything but what is held or called") { bench in
            for key in ["a", "b", "c"] { try await bench.push(key, to: "callee") }
            let held = try await bench.leaseOne("callee")
            _ = try await bench.parkedRun()
            try await bench.push("other", to: "q")
            try await bench.commit(.clear(queue: "callee"))
            let left = try await bench.store.items(ItemQuery(.waiting(queue: "callee")))
            try expect(left.count, is: 2, "how many are left: the held one and the step")
            try expect(left.contains { $0.id == held.lease.id }, "the held one is left")
            try expect(left.contains { !$0.id.isRoot }, "the step is left")
            try expect(try await bench.lease("q").count, is: 1, "how many another queue has")
            try await bench.settle(held, .consume)
        },
        ConformanceCase("a long queue is cleared whole", isLarge: true) { bench in
            let items = (0..<2500).map { _ in Operation.push(bench.item(nil)) }
            _ = try await bench.store.commit(Transaction(items))
            try await bench.commit(.clear(queue: "q"))
            try expect(try await bench.content().count, is: 0, "how many rows are left")
            try expect(try await bench.lease().isEmpty, "nothing is leased")
        },
        ConformanceCase("an append makes the list and adds to it") { bench in
            for element in ["1", "null", #""x""#] {
                try await bench.commit(.append(queue: "q", key: "a", element: StoreBench.payload(element)))
            }
            let record = try require(try await bench.store.item(.key(queue: "q", "a")), "the list")
            try expect(record.payload.text, is: #"[1,null,"x"]"#)
            try expect(record.digest, is: record.payload.digest)
            try expect(try await bench.leaseOne().record.payload.text, is: #"[1,null,"x"]"#)
            try expect(try await bench.content().count, is: 1)
        },
        ConformanceCase("appends at once are all kept") { bench in
            _ = try await bench.together(50) { number in
                try await bench.commit(
                    .append(queue: "q", key: "a", element: StoreBench.payload("\(number)"))
                )
            }
            let text = try await bench.leaseOne().record.payload.text
            let numbers = text.dropFirst().dropLast().split(separator: ",").compactMap { Int($0) }
            try expect(numbers.sorted(), is: Array(0..<50), "the elements")
        },
        ConformanceCase("nothing is appended to what is held, is no list, or has ended") { bench in
            let append = Operation.append(queue: "q", key: "a", element: StoreBench.payload("1"))
            try await bench.push("a", "5")
            try await bench.refuses(.conflict, append)
            try await bench.commit(.pop(.key(queue: "q", "a")))
            try await bench.commit(append)
            let leased = try await bench.leaseOne()
            try await bench.refuses(.conflict, append)
            try await bench.settle(leased, .complete(StoreBench.payload("1")))
            try await bench.refuses(.conflict, append)
        },
        ConformanceCase("items are listed in the order of leasing, page by page") { bench in
            for number in 0..<25 {
                try await bench.push("\(number)") {
                    $0.priority = number % 3
                    $0.due = bench.clock.now + .seconds(number % 2)
                }
            }
            var keys: [String] = []
            var after: ItemRecord?
            repeat {
                let page = try await bench.store.items(
                    ItemQuery(.waiting(queue: "q"), after: after, limit: 4)
                )
                try expect(page.count <= 4, "a page has at most 4 rows")
                keys += page.map(\.key)
                after = page.last
            } while after != nil
            bench.clock.advance(by: .seconds(2))
            try expect(keys, is: try await bench.lease(limit: 100).map(\.record.key))
            try expect(keys.count, is: 25)
        },
        ConformanceCase("items that are held are listed, those that have ended are not") { bench in
            for key in ["a", "b", "c"] { try await bench.push(key) }
            _ = try await bench.leaseOne()
            try await bench.commit(.resolve(.key(queue: "q", "b"), .resolve(StoreBench.payload("1"))))
            let listed = try await bench.store.items(ItemQuery(.waiting(queue: "q")))
            try expect(listed.map(\.key), is: ["a", "c"])
        },
        ConformanceCase("roots are listed newest first, by queue and by state, page by page") { bench in
            for number in 0..<10 { try await bench.push("\(number)", to: number % 2 == 0 ? "even" : "odd") }
            try await bench.settle(
                try await bench.leaseOne("even"),
                .complete(StoreBench.payload("1"))
            )
            let all = try await bench.pages(ItemQuery(.roots(queue: nil), limit: 3))
            try expect(all.map(\.key), is: (0..<10).reversed().map(String.init))
            let even = try await bench.pages(ItemQuery(.roots(queue: "even"), states: [.ready], limit: 1))
            try expect(even.map(\.key), is: ["8", "6", "4", "2"])
            let ended = try await bench.pages(ItemQuery(.roots(queue: nil), states: [.completed, .failed]))
            try expect(ended.map(\.key), is: ["0"])
        },
        ConformanceCase("the journal of a run is listed in order, page by page") { bench in
            let run = try await bench.parkedRun(steps: 12)
            let scope = ItemQuery.Scope.journal(root: run.record.id.root, run: run.record.number)
            let steps = try await bench.pages(ItemQuery(scope, limit: 5))
            try expect(steps.map(\.id.step), is: Array(1...12))
            try expect(steps.allSatisfy { $0.caller == run.record.id }, "each step names its caller")
        },
        ConformanceCase("the counts tell ready, leased and parked apart") { bench in
            for key in ["a", "b", "c"] { try await bench.push(key) }
            _ = try await bench.leaseOne()
            _ = try await bench.parkedRun()
            let counts = try await bench.store.counts()
            try expect(
                counts.first { $0.queue == "q" },
                is: QueueCount(queue: "q", ready: 2, leased: 1, parked: 0)
            )
            try expect(counts.first { $0.queue == "flow" }?.parked, is: 1)
            try expect(counts.first { $0.queue == "callee" }?.ready, is: 1)
        },
    ]
}

extension StoreBench {
    /// All pages of a query.
    func pages(_ query: ItemQuery) async throws -> [ItemRecord] {
        var (query, rows): (ItemQuery, [ItemRecord]) = (query, [])
        while true {
            let page = try await self.store.items(query)
            try expect(page.count <= query.limit, "a page has at most \(query.limit) rows")
            guard let last = page.last else { return rows }
            rows += page
            query.after = last
        }
    }
}

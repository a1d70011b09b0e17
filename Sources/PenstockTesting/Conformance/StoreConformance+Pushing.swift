import Penstock

extension StoreConformance {
    /// Pushing, and the order in which items are leased.
    static let pushing: [ConformanceCase] = [
        ConformanceCase("a pushed item is there with everything that was said about it") { bench in
            let due = bench.clock.now + .seconds(5)
            let id = try await bench.push("a", #"{"x":null}"#) {
                ($0.priority, $0.due, $0.replyTo) = (3, due, "answers")
            }
            let record = try await bench.record(id)
            try expect(record.queue, is: "q")
            try expect(record.key, is: "a")
            try expect(record.payload.text, is: #"{"x":null}"#)
            try expect(record.digest, is: record.payload.digest)
            try expect(record.state, is: .ready)
            try expect(record.priority, is: 3)
            try expect(record.due, is: due)
            try expect(record.created, is: bench.clock.now)
            try expect(record.attempt, is: 0)
            try expect(record.replyTo, is: "answers")
            try expect(record.settled, is: nil)
            let byKey = try await bench.store.item(.key(queue: "q", "a"))
            try expect(byKey, is: record)
        },
        ConformanceCase("bytes of any kind come back as they went in") { bench in
            let bytes = (0...255).map { UInt8($0) }
            for payload in [Payload(bytes: bytes), Payload(bytes: []), Payload(bytes: [0])] {
                var item = bench.item(nil)
                item.payload = payload
                try await bench.commit(.push(item))
                try expect(try await bench.leaseOne().record.payload, is: payload)
            }
        },
        ConformanceCase("null, zero, false and the empty text are ordinary items") { bench in
            for value in ["null", "0", "false", "\"\""] { try await bench.push(nil, value) }
            let leased = try await bench.lease(limit: 10)
            try expect(leased.map(\.record.payload.text), is: ["null", "0", "false", "\"\""])
        },
        ConformanceCase("an item without a key is found under the key that the store chose") { bench in
            let id = try await bench.push(nil)
            let record = try await bench.record(id)
            try expect(record.key, is: id.key)
            try expect(try await bench.store.item(.key(queue: "q", id.key)), is: record)
            try expect(try await bench.store.item(.key(queue: "other", id.key)), is: nil)
        },
        ConformanceCase("two items without a key are two items") { bench in
            let first = try await bench.push(nil)
            let second = try await bench.push(nil)
            try expect(first != second, "the two have different addresses")
        },
        ConformanceCase("pushing a key again has one effect") { bench in
            let first = try await bench.push("a", "1")
            let receipt = try await bench.commit(.push(bench.item("a", "2")))
            try expect(receipt.ids, is: [first])
            try expect(receipt.wasThere, is: [true])
            try expect(try await bench.record(first).payload.text, is: "1")
            try expect(try await bench.content().count, is: 1)
        },
        ConformanceCase("pushing a key again after its end has no effect either") { bench in
            let first = try await bench.push("a")
            try await bench.settle(try await bench.leaseOne(), .complete(StoreBench.payload("9")))
            let receipt = try await bench.commit(.push(bench.item("a", "2")))
            try expect(receipt.ids, is: [first])
            try expect(receipt.wasThere, is: [true])
            try expect(try await bench.lease().isEmpty, "nothing is ready")
        },
        ConformanceCase("one key in two queues is two items") { bench in
            let first = try await bench.push("a", to: "q")
            let second = try await bench.push("a", to: "r")
            try expect(first != second, "the two have different addresses")
        },
        ConformanceCase("a key that is there is refused when the policy says so") { bench in
            try await bench.push("a")
            try await bench.refuses(.duplicateKey, .push(bench.item("a", "2") { $0.onDuplicate = .refuse }))
        },
        ConformanceCase("a key that is there is replaced when the policy says so") { bench in
            let first = try await bench.push("a", "1")
            let second = try await bench.push("a", "2") { $0.onDuplicate = .replace }
            try expect(second != first, "a replaced item is a new one")
            try expect(try await bench.state(first), is: nil)
            try expect(try await bench.lease(limit: 10).map(\.record.payload.text), is: ["2"])
        },
        ConformanceCase("an item in flight is never replaced") { bench in
            try await bench.push("a", "1")
            let leased = try await bench.leaseOne()
            try await bench.refuses(.duplicateKey, .push(bench.item("a", "2") { $0.onDuplicate = .replace }))
            try await bench.settle(leased, .release)
            try expect(try await bench.leaseOne().record.payload.text, is: "1")
        },
        ConformanceCase("a run that waits is never replaced") { bench in
            _ = try await bench.parkedRun("run")
            let again = bench.item("run", queue: "flow") { $0.onDuplicate = .replace }
            try await bench.refuses(.duplicateKey, .push(again))
        },
        ConformanceCase("an item that has ended is replaced together with its journal") { bench in
            let run = try await bench.parkedRun("run")
            try await bench.settle(run, .complete(StoreBench.payload("1")))
            let id = try await bench.push("run", to: "flow") { $0.onDuplicate = .replace }
            let rows = try await bench.content()
            try expect(rows[id] != nil, "the new item is there")
            try expect(rows[run.record.id], is: nil)
            let old = ItemQuery(.journal(root: run.record.id.root, run: run.record.number))
            try expect(try await bench.store.items(old), is: [])
            try expect(try await bench.lease("callee").isEmpty, "the old step is gone from its queue")
        },
        ConformanceCase("a full queue refuses a push, and takes it when there is room") { bench in
            try await bench.push("a") { $0.capacity = 2 }
            try await bench.push("b") { $0.capacity = 2 }
            try await bench.refuses(.queueFull, .push(bench.item("c") { $0.capacity = 2 }))
            let leased = try await bench.leaseOne()
            try await bench.refuses(.queueFull, .push(bench.item("c") { $0.capacity = 2 }))
            try await bench.settle(leased, .consume)
            try await bench.push("c") { $0.capacity = 2 }
        },
        ConformanceCase("a key that is there is not refused by a full queue") { bench in
            let first = try await bench.push("a") { $0.capacity = 1 }
            let again = try await bench.push("a") { $0.capacity = 1 }
            try expect(again, is: first)
        },
        ConformanceCase("the bound of a queue holds within one transaction") { bench in
            let items = ["a", "b", "c"].map { key in Operation.push(bench.item(key) { $0.capacity = 2 }) }
            try await bench.refuses(.queueFull, items[0], items[1], items[2])
            try await bench.commit(items[0], items[1])
        },
        ConformanceCase("the bound of a queue holds when many push at once") { bench in
            let accepted = try await bench.together(20) { number in
                try await bench.push("\(number)") { $0.capacity = 5 }
                return true
            }
            try expect(accepted.count, is: 5, "how many were accepted")
        },
        ConformanceCase("items come by priority, then by due time, then in the order of pushing") { bench in
            let now = bench.clock.now
            try await bench.push("late") { $0.due = now + .seconds(2) }
            try await bench.push("low") { $0.priority = -9 }
            try await bench.push("first")
            try await bench.push("high") { $0.priority = 9 }
            try await bench.push("second")
            try await bench.push("soon") { $0.due = now + .seconds(1) }
            bench.clock.advance(by: .seconds(3))
            let order = try await bench.lease(limit: 10).map(\.record.key)
            try expect(order, is: ["high", "first", "second", "soon", "late", "low"])
        },
        ConformanceCase("an item that is due in the past takes its place by the time of its push") { bench in
            try await bench.push("first")
            try await bench.push("second") { $0.due = .distantPast }
            try expect(try await bench.lease(limit: 10).map(\.record.key), is: ["first", "second"])
        },
        ConformanceCase("nothing is leased before it is due") { bench in
            try await bench.push("a") { $0.due = bench.clock.now + .milliseconds(1000) }
            bench.clock.advance(by: .milliseconds(999))
            try expect(try await bench.lease().isEmpty, "nothing is due one millisecond early")
            bench.clock.advance(by: .milliseconds(1))
            try expect(try await bench.leaseOne().record.key, is: "a")
        },
        ConformanceCase("an item of low priority that is due is not held back by a high one that is not") { bench in
            try await bench.push("high") { ($0.priority, $0.due) = (9, bench.clock.now + .seconds(60)) }
            try await bench.push("low") { $0.priority = -9 }
            try expect(try await bench.leaseOne().record.key, is: "low")
        },
        ConformanceCase("a long queue comes out whole and in order", isLarge: true) { bench in
            // More than an embedded store keeps in memory of one lane, so that it has to read on.
            let count = 20_000
            let items = (0..<count).map { Operation.push(bench.item(nil, "\($0)")) }
            _ = try await bench.store.commit(Transaction(items))
            var next = 0
            while true {
                let leased = try await bench.lease(limit: 1000)
                if leased.isEmpty { break }
                for item in leased {
                    try expect(item.record.payload.text, is: "\(next)", "the next item")
                    next += 1
                }
                _ = try await bench.store.commit(Transaction(leased.map { .settle($0.lease, .consume) }))
            }
            try expect(next, is: count, "how many items came out")
        },
    ]
}

extension StoreBench {
    /// Does something `count` times at once; `nil` where a ``PenstockError`` came back.
    func together<Result: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            for number in 0..<count {
                group.addTask {
                    do {
                        return try await body(number)
                    } catch is PenstockError {
                        return nil
                    }
                }
            }
            return try await group.reduce(into: []) { results, result in
                if let result { results.append(result) }
            }
        }
    }
}

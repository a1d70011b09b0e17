import Penstock

extension StoreConformance {
    /// Leasing, and fencing.
    static let leasing: [ConformanceCase] = [
        ConformanceCase("an item has one holder at a time") { bench in
            try await bench.push("a")
            _ = try await bench.leaseOne()
            try expect(try await bench.lease().isEmpty, "a leased item is not leased again")
        },
        ConformanceCase("many readers at once lease every item once") { bench in
            for number in 0..<100 { try await bench.push("\(number)") }
            let leased = try await bench.together(20) { _ in try await bench.lease(limit: 7) }.flatMap { $0 }
            try expect(Set(leased.map(\.lease.id)).count, is: leased.count, "how many different items were leased")
            try expect(leased.count, is: 100)
            try expect(Set(leased.map(\.lease.token)).count, is: 100, "how many tokens were given")
        },
        ConformanceCase("the attempt is counted when it begins") { bench in
            try await bench.push("a")
            try expect(try await bench.leaseOne().record.attempt, is: 1)
        },
        ConformanceCase("no more items are leased than were asked for") { bench in
            for _ in 0..<5 { try await bench.push(nil) }
            try expect(try await bench.lease(limit: 3).count, is: 3)
            try expect(try await bench.lease(limit: 3).count, is: 2)
        },
        ConformanceCase("a queue that was never used has nothing to lease") { bench in
            try expect(try await bench.lease("nowhere").isEmpty, "nothing is there")
            try expect(try await bench.store.item(.key(queue: "nowhere", "a")), is: nil)
        },
        ConformanceCase("the token of an item grows from lease to lease") { bench in
            try await bench.push("a")
            var last: Int64 = 0
            for _ in 0..<5 {
                let leased = try await bench.leaseOne()
                try expect(leased.lease.token > last, "token \(leased.lease.token) is greater than \(last)")
                last = leased.lease.token
                try await bench.settle(leased, .release)
            }
        },
        ConformanceCase("a stale token settles nothing, in whatever way") { bench in
            try await bench.push("a")
            let stale = try await bench.leaseOne()
            // Not by releasing it: handing in the same end again counts as done.
            let failure = Failure(.failed, pipeline: "q", message: "tried")
            try await bench.settle(stale, .retry(after: .zero, failure))
            let holder = try await bench.leaseOne()
            for settlement in StoreBench.settlements {
                try await bench.refuses(.leaseLost, .settle(stale.lease, settlement))
            }
            try await expect(.leaseLost) { try await bench.store.extend([stale.lease], for: .seconds(1)) }
            try await bench.settle(holder, .complete(StoreBench.payload("1")))
            try expect(try await bench.state(holder.lease.id), is: .completed)
        },
        ConformanceCase("a token that nobody was given settles nothing") { bench in
            let id = try await bench.push("a")
            for token in [Int64.min, -1, 0, 1, .max] {
                let forged = LeaseReference(id: id, token: token)
                for settlement in StoreBench.settlements {
                    try await bench.refuses(.leaseLost, .settle(forged, settlement))
                }
            }
        },
        ConformanceCase("a lease on an item that is not there settles nothing") { bench in
            let nowhere = LeaseReference(id: ItemID(root: 12_345, run: 12_345, step: 0), token: 1)
            try await bench.refuses(.leaseLost, .settle(nowhere, .release))
        },
        ConformanceCase("the item with a key is leased past others") { bench in
            try await bench.push("a")
            try await bench.push("b")
            let chosen = ReserveRequest(queue: "q", choice: .key("b"), waits: false)
            let leased = try await bench.store.reserve(chosen)
            try expect(leased.map(\.record.key), is: ["b"])
            try expect(try await bench.store.reserve(chosen).isEmpty, "it is leased once")
            try expect(try await bench.lease(limit: 5).map(\.record.key), is: ["a"])
        },
        ConformanceCase("the item with a key is not leased before it is due") { bench in
            try await bench.push("a") { $0.due = bench.clock.now + .seconds(1) }
            let chosen = ReserveRequest(queue: "q", choice: .key("a"), waits: false)
            try expect(try await bench.store.reserve(chosen).isEmpty, "it is not due")
            bench.clock.advance(by: .seconds(1))
            try expect(try await bench.store.reserve(chosen).count, is: 1)
        },
        ConformanceCase("an item is leased by what it holds, and the others stay") { bench in
            for value in 1...5 { try await bench.push("\(value)", "\(value)") }
            let even = ReserveRequest(
                queue: "q",
                choice: .matching { (Int($0.payload.text) ?? 1) % 2 == 0 },
                waits: false
            )
            try expect(try await bench.store.reserve(even).map(\.record.key), is: ["2"])
            try expect(try await bench.store.reserve(even).map(\.record.key), is: ["4"])
            try expect(try await bench.store.reserve(even).isEmpty, "no other even item is there")
            try expect(try await bench.lease(limit: 5).map(\.record.key), is: ["1", "3", "5"])
        },
        ConformanceCase("an item that was chosen by its key is counted and fenced as any other") { bench in
            let id = try await bench.push("a")
            let request = ReserveRequest(queue: "q", choice: .key("a"), waits: false)
            let first = try require(try await bench.store.reserve(request).first, "the item")
            try expect(first.record.attempt, is: 1)
            try await bench.settle(
                first,
                .retry(after: .zero, Failure(.failed, pipeline: "q", message: "no"))
            )
            let second = try require(try await bench.store.reserve(request).first, "the item again")
            try expect(second.record.attempt, is: 2)
            try expect(second.lease.token > first.lease.token, "the token has grown")
            try await bench.refuses(.leaseLost, .settle(first.lease, .release))
            try await bench.settle(second, .consume)
            try expect(try await bench.state(id), is: nil)
            try expect(try await bench.lease().isEmpty, "nothing is left in the queue's order")
        },
    ]

    /// Leases that end by the clock.
    static let expiring: [ConformanceCase] = [
        ConformanceCase("a lease that has ended gives the item to the next, and counts") { bench in
            try await bench.push("a")
            let first = try await bench.leaseOne(for: .seconds(10))
            await bench.clock.sleeping(atLeast: 1)
            bench.clock.advance(by: .seconds(10))
            let second = try await bench.awaitOne()
            try expect(second.record.attempt, is: 2)
            try expect(second.lease.token > first.lease.token, "the token has grown")
            for settlement in StoreBench.settlements {
                try await bench.refuses(.leaseLost, .settle(first.lease, settlement))
            }
            try await bench.settle(second, .consume)
        },
        ConformanceCase("a lease lasts until its very end") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne(for: .seconds(10))
            bench.clock.advance(by: .milliseconds(9999))
            try expect(try await bench.lease().isEmpty, "it is still leased")
            try await bench.settle(leased, .consume)
        },
        ConformanceCase("a lease that was extended lasts as long as was said") { bench in
            try await bench.push("a")
            let first = try await bench.leaseOne(for: .seconds(10))
            bench.clock.advance(by: .seconds(8))
            try await bench.store.extend([first.lease], for: .seconds(10))
            bench.clock.advance(by: .seconds(9))
            try expect(try await bench.lease().isEmpty, "it is still leased")
            await bench.clock.sleeping(atLeast: 1)
            bench.clock.advance(by: .seconds(1))
            let second = try await bench.awaitOne()
            try await expect(.leaseLost) { try await bench.store.extend([first.lease], for: .seconds(10)) }
            try await bench.settle(second, .consume)
        },
        ConformanceCase("a lease that was extended without an end has none") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne(for: .seconds(10))
            try await bench.store.extend([leased.lease], for: nil)
            bench.clock.advance(by: .seconds(100_000))
            try expect(try await bench.lease().isEmpty, "it is still leased")
            try await bench.settle(leased, .consume)
        },
        ConformanceCase("somebody who sets the wall clock ends no lease") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne(for: .seconds(10))
            bench.clock.now = bench.clock.now + .seconds(1_000_000)
            bench.clock.advance(by: .seconds(9))
            try expect(try await bench.lease().isEmpty, "it is still leased")
            bench.clock.now = .distantPast + .seconds(1_000_000)
            try await bench.settle(leased, .consume)
        },
        ConformanceCase("leases end one by one, each at its time") { bench in
            for number in 1...3 {
                try await bench.push("\(number)")
                _ = try await bench.leaseOne(for: .seconds(10 * number))
            }
            for number in 1...3 {
                await bench.clock.sleeping(atLeast: 1)
                bench.clock.advance(by: .seconds(10))
                try expect(try await bench.awaitOne().record.key, is: "\(number)")
                try expect(try await bench.lease().isEmpty, "no other lease has ended")
            }
        },
        ConformanceCase("a lease lasts as long as it was given, whatever the clock on the wall says") { bench in
            try await bench.push("long")
            try await bench.push("short")
            let long = try await bench.leaseOne(for: .seconds(20))
            _ = try await bench.leaseOne(for: .seconds(5))
            bench.clock.now = bench.clock.now + .seconds(86_400)
            let waiter = bench.start { try await bench.awaitOne() }
            await bench.clock.sleeping(atLeast: 1)
            bench.clock.advance(by: .seconds(5))
            try expect(try await waiter.value.record.key, is: "short")
            try await bench.settle(long, .complete(StoreBench.payload("1")))
        },
    ]
}

extension StoreBench {
    /// One of each way to end a lease.
    static let settlements: [Settlement] = {
        let failure = Failure(.failed, pipeline: "q", message: "no")
        return [
            .complete(payload("1")), .complete(payload("1"), heardBy: LeaseReference(id: ItemID(root: 1), token: 1)),
            .consume, .fail(failure), .fail(failure, heardBy: LeaseReference(id: ItemID(root: 1), token: 1)),
            .retry(after: .zero, failure), .release, .park(news: 0), .rest, .diverge(failure),
        ]
    }()
}

import Penstock

extension StoreConformance {
    /// Waiting without polling.
    static let waiting: [ConformanceCase] = [
        ConformanceCase("a reader that waits gets what is pushed") { bench in
            for round in 0..<20 {
                let waiter = bench.start { try await bench.awaitOne() }
                await bench.yield(round)
                try await bench.push("\(round)")
                let leased = try await waiter.value
                try expect(leased.record.key, is: "\(round)")
                try await bench.settle(leased, .consume)
            }
        },
        ConformanceCase("as many readers are served as items are pushed") { bench in
            let waiters = (0..<10).map { _ in bench.start { try await bench.awaitOne() } }
            await bench.yield(10)
            let items = (0..<10).map { Operation.push(bench.item("\($0)")) }
            _ = try await bench.store.commit(Transaction(items))
            var keys = Set<String>()
            for waiter in waiters { keys.insert(try await waiter.value.record.key) }
            try expect(keys.count, is: 10, "how many different items were served")
        },
        ConformanceCase("a reader that waits gets what falls due") { bench in
            try await bench.push("a") { $0.due = bench.clock.now + .seconds(10) }
            let waiter = bench.start { try await bench.awaitOne() }
            await bench.clock.sleeping(atLeast: 1)
            bench.clock.advance(by: .seconds(10))
            try expect(try await waiter.value.record.key, is: "a")
        },
        ConformanceCase("a reader that waits gets what is retried, when it falls due") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne()
            let waiter = bench.start { try await bench.awaitOne() }
            let failure = Failure(.failed, pipeline: "q", message: "no")
            try await bench.settle(leased, .retry(after: .seconds(10), failure))
            await bench.clock.sleeping(atLeast: 1)
            bench.clock.advance(by: .seconds(10))
            try expect(try await waiter.value.record.attempt, is: 2)
        },
        ConformanceCase("what is due stays due when somebody sets the clock back") { bench in
            try await bench.push("before")
            let retried = try await bench.push("retried", to: "r")
            bench.clock.now = bench.clock.now + .seconds(-3600)
            try await bench.push("after")
            try expect(try await bench.lease(limit: 5).map(\.record.key), is: ["before", "after"])
            let leased = try await bench.leaseOne("r")
            let failure = Failure(.failed, pipeline: "r", message: "no")
            try await bench.settle(leased, .retry(after: .seconds(10), failure))
            try expect(try await bench.lease("r").isEmpty, "a delay is not cut short by the clock")
            bench.clock.advance(by: .seconds(20))
            try expect(try await bench.leaseOne("r").record.id, is: retried)
        },
        ConformanceCase("a reader that waits gets what is released") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne()
            let waiter = bench.start { try await bench.awaitOne() }
            await bench.yield(10)
            try await bench.settle(leased, .release)
            try expect(try await waiter.value.record.key, is: "a")
        },
        ConformanceCase("readers that wait for a key do not stand before those that take any") { bench in
            let chosen = ReserveRequest(queue: "q", choice: .key("a"))
            let picky = (0..<5).map { _ in bench.start { try await bench.store.reserve(chosen) } }
            await bench.yield(20)
            let waiter = bench.start { try await bench.awaitOne() }
            await bench.yield(20)
            try await bench.push("b")
            try expect(try await waiter.value.record.key, is: "b")
            try await bench.push("a")
            for reader in picky.dropFirst() { reader.cancel() }
            picky.first?.cancel()
            for reader in picky { _ = try? await reader.value }
        },
        ConformanceCase("a run that is given back after its news is offered to whoever waits") { bench in
            let run = try await bench.parkedRun(steps: 2)
            let waiter = bench.start { try await bench.awaitOne("flow") }
            await bench.yield(20)
            let answer = StoreBench.payload("1")
            try await bench.settle(try await bench.leaseOne("callee"), .complete(answer))
            let isBack = await bench.store.relinquish(run.lease, news: 1)
            try expect(isBack, "the store takes it back")
            try expect(try await waiter.value.record.id, is: run.record.id)
        },
        ConformanceCase("a reader that waits for a key gets it when it comes") { bench in
            let chosen = ReserveRequest(queue: "q", choice: .key("b"))
            let waiter = bench.start { try await bench.store.reserve(chosen) }
            await bench.yield(20)
            try await bench.push("a")
            try await bench.push("b")
            try expect(try await waiter.value.map(\.record.key), is: ["b"])
        },
        ConformanceCase("a reader that waits for a key gets it when it falls due") { bench in
            try await bench.push("a") { $0.due = bench.clock.now + .seconds(10) }
            let chosen = ReserveRequest(queue: "q", choice: .key("a"))
            let waiter = bench.start { try await bench.store.reserve(chosen) }
            await bench.clock.sleeping(atLeast: 1)
            bench.clock.advance(by: .seconds(10))
            try expect(try await waiter.value.map(\.record.key), is: ["a"])
        },
        ConformanceCase("cancelling a reader ends its wait, and loses nothing") { bench in
            for round in 0..<20 {
                let waiter = bench.start { try await bench.awaitOne() }
                await bench.yield(round)
                async let pushed = bench.push("\(round)")
                waiter.cancel()
                _ = try await pushed
                let leased: LeasedItem
                do {
                    leased = try await waiter.value
                } catch let error as PenstockError {
                    try expect(error.code, is: .storeClosed)
                    leased = try await bench.leaseOne()
                }
                try expect(leased.record.key, is: "\(round)")
                try await bench.settle(leased, .consume)
            }
        },
        ConformanceCase("a reader that was woken and cancelled leaves the item to the next") { bench in
            for round in 0..<30 {
                let first = bench.start { try await bench.awaitOne() }
                await bench.yield(5)
                let second = bench.start { try await bench.awaitOne() }
                await bench.yield(5)
                async let pushed = bench.push("\(round)")
                first.cancel()
                _ = try await pushed
                let taken = try? await first.value
                if taken != nil { second.cancel() }
                let other = try? await second.value
                let leased = try require(taken ?? other, "one of the readers to get the item")
                try await bench.settle(leased, .consume)
            }
        },
        ConformanceCase("closing the store ends every wait", closes: true) { bench in
            let id = try await bench.push("held")
            _ = try await bench.leaseOne()
            let readers = [
                bench.start { _ = try await bench.awaitOne("empty") },
                bench.start { _ = try await bench.news() },
                bench.start { _ = try await bench.store.settled(id) },
                bench.start { try await bench.store.room(in: "q", below: 1) },
                bench.start { _ = try await bench.store.reserve(ReserveRequest(queue: "q", choice: .key("x"))) },
            ]
            await bench.yield(20)
            await bench.store.close()
            for reader in readers { try await expect(.storeClosed) { try await reader.value } }
        },
        ConformanceCase("a writer that waits for room goes on when there is some") { bench in
            try await bench.push("a")
            try await bench.push("b")
            let writer = bench.start { try await bench.store.room(in: "q", below: 2) }
            await bench.yield(10)
            try await bench.settle(try await bench.leaseOne(), .consume)
            try await writer.value
            try await bench.store.room(in: "q", below: 2)
        },
        ConformanceCase("many who wait for one end all hear of it") { bench in
            let id = try await bench.push("a")
            let waiters = (0..<20).map { _ in bench.start { try await bench.store.settled(id) } }
            await bench.yield(20)
            let answer = StoreBench.payload("1")
            try await bench.settle(try await bench.leaseOne(), .complete(answer))
            for waiter in waiters { try expect(try await waiter.value?.result, is: answer) }
        },
    ]
}

extension StoreBench {
    /// Starts a task where the store's own run.
    func start<Success: Sendable>(
        _ body: @escaping @Sendable () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(executorPreference: self.parts.environment.scheduler) { try await body() }
    }

    /// Lets other tasks go first, so that they may have begun to wait; nothing depends on it.
    func yield(_ times: Int) async {
        for _ in 0..<times { await Task.yield() }
    }
}

import Penstock

extension StoreConformance {
    private static let failure = Failure(
        .failed,
        pipeline: "q",
        errorType: "Broken",
        message: "it broke",
        attempts: 1
    )

    /// The ends of a lease.
    static let settling: [ConformanceCase] = [
        ConformanceCase("a completed item keeps its result, its attempt and the time") { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            bench.clock.advance(by: .seconds(3))
            try await bench.settle(leased, .complete(StoreBench.payload("42")))
            let record = try await bench.record(id)
            try expect(record.state, is: .completed)
            try expect(record.result?.text, is: "42")
            try expect(record.attempt, is: 1)
            try expect(record.token, is: leased.lease.token)
            try expect(record.settled, is: bench.clock.now)
            try expect(record.payload.text, is: "1", "the argument")
        },
        ConformanceCase("a message that was received goes") { bench in
            let id = try await bench.push("a")
            try await bench.settle(try await bench.leaseOne(), .consume)
            try expect(try await bench.state(id), is: nil)
            try await bench.push("a", "2")
            try expect(try await bench.leaseOne().record.payload.text, is: "2")
        },
        ConformanceCase("a failed item is a dead letter that keeps its bytes and its error") { bench in
            let id = try await bench.push("a", "not even JSON")
            try await bench.settle(try await bench.leaseOne(), .fail(Self.failure))
            let record = try await bench.record(id)
            try expect(record.state, is: .failed)
            try expect(record.payload.text, is: "not even JSON")
            try expect(record.failure, is: Self.failure)
            try expect(try await bench.lease().isEmpty, "a dead letter is not leased")
            let dead = try await bench.store.items(ItemQuery(.roots(queue: "q"), states: [.failed]))
            try expect(dead.map(\.id), is: [id])
        },
        ConformanceCase("a retry waits for its time, counts, and remembers why") { bench in
            let id = try await bench.push("a")
            let first = try await bench.leaseOne()
            let due = bench.clock.now + .seconds(10)
            try await bench.settle(first, .retry(after: .seconds(10), Self.failure))
            let record = try await bench.record(id)
            try expect(record.state, is: .ready)
            try expect(record.due, is: due)
            try expect(record.attempt, is: 1)
            try expect(record.failure, is: Self.failure)
            bench.clock.advance(by: .milliseconds(9999))
            try expect(try await bench.lease().isEmpty, "it is not due")
            bench.clock.advance(by: .milliseconds(1))
            try expect(try await bench.leaseOne().record.attempt, is: 2)
        },
        ConformanceCase("an item that was released is as it was, and the attempt does not count") { bench in
            let id = try await bench.push("a")
            let before = try await bench.record(id)
            try await bench.settle(try await bench.leaseOne(), .release)
            var after = try await bench.record(id)
            after.token = before.token
            try expect(after, is: before)
            try expect(try await bench.leaseOne().record.attempt, is: 1)
        },
        ConformanceCase("an item that was released goes back to its place") { bench in
            try await bench.push("a")
            try await bench.push("b")
            try await bench.settle(try await bench.leaseOne(), .release)
            try expect(try await bench.lease(limit: 5).map(\.record.key), is: ["a", "b"])
        },
        ConformanceCase("of many who settle one lease at once, one succeeds") { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            let winners = try await bench.together(20) { number in
                let settlement = Settlement.complete(StoreBench.payload("\(number)"))
                try await bench.settle(leased, settlement)
                return number
            }
            try expect(winners.count, is: 1, "how many succeeded")
            try expect(try await bench.record(id).result?.text, is: "\(winners[0])")
        },
        ConformanceCase("a lease is settled once in a transaction") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.refuses(.leaseLost, .settle(leased.lease, .release), .settle(leased.lease, .consume))
            try await bench.settle(leased, .consume)
        },
        ConformanceCase("whoever waits for an item gets its end, before and after") { bench in
            let id = try await bench.push("a")
            async let early = bench.store.settled(id)
            try await bench.settle(
                try await bench.leaseOne(),
                .complete(StoreBench.payload("1"))
            )
            let late = try await bench.store.settled(id)
            try expect(late?.state, is: .completed)
            try expect(try await early, is: late)
        },
        ConformanceCase("whoever waits for an item that goes is told that it is gone") { bench in
            let id = try await bench.push("a")
            async let waiter = bench.store.settled(id)
            try await bench.settle(try await bench.leaseOne(), .consume)
            try expect(try await waiter, is: nil)
            try expect(try await bench.store.settled(id), is: nil)
        },
        ConformanceCase("a result goes to its return address under the same key") { bench in
            try await bench.push("a") { $0.replyTo = "answers" }
            try await bench.settle(
                try await bench.leaseOne(),
                .complete(StoreBench.payload("42"))
            )
            let answer = try await bench.leaseOne("answers")
            try expect(answer.record.key, is: "a")
            try expect(answer.record.payload.text, is: "42")
        },
        ConformanceCase("a failure and a cancellation send nothing to the return address") { bench in
            try await bench.push("a") { $0.replyTo = "answers" }
            try await bench.settle(try await bench.leaseOne(), .fail(Self.failure))
            try await bench.push("b") { $0.replyTo = "answers" }
            try await bench.commit(.control(.key(queue: "q", "b"), .cancel))
            try expect(try await bench.lease("answers").isEmpty, "nothing was sent")
        },
        ConformanceCase("an external task is resolved once, whoever tries") { bench in
            let id = try await bench.push("a") { $0.replyTo = "answers" }
            let winners = try await bench.together(10) { number in
                try await bench.commit(
                    .resolve(.key(queue: "q", "a"), .resolve(StoreBench.payload("\(number)")))
                )
                return number
            }
            try expect(winners.count, is: 1, "how many succeeded")
            try expect(try await bench.record(id).result?.text, is: "\(winners[0])")
            try expect(try await bench.record(id).attempt, is: 1)
            try expect(try await bench.lease("answers", limit: 5).count, is: 1)
            try await bench.refuses(.conflict, .resolve(.id(id), .reject(Self.failure)))
        },
        ConformanceCase("a rejected external task is a dead letter with the reason") { bench in
            let id = try await bench.push("a")
            try await bench.commit(.resolve(.id(id), .reject(Self.failure)))
            try expect(try await bench.state(id), is: .failed)
            try expect(try await bench.record(id).failure, is: Self.failure)
        },
        ConformanceCase("what a worker holds is not resolved") { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.refuses(.conflict, .resolve(.id(id), .resolve(StoreBench.payload("1"))))
            try await bench.settle(leased, .release)
            try await bench.commit(.resolve(.id(id), .resolve(StoreBench.payload("1"))))
        },
        ConformanceCase("what is not there is not resolved") { bench in
            let answer = Resolution.resolve(StoreBench.payload("1"))
            try await bench.refuses(.notFound, .resolve(.key(queue: "q", "a"), answer))
            try await bench.refuses(.notFound, .resolve(.key(queue: "q", "~5"), answer))
        },
    ]
}

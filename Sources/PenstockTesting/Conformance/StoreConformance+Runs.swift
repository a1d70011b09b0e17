import Penstock

extension StoreConformance {
    private static let one = StoreBench.payload("1")

    /// Runs and their journals.
    static let runs: [ConformanceCase] = [
        ConformanceCase("a call is an item of the callee's queue and a step of the caller's journal") { bench in
            let run = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee").record
            try expect(step.id, is: ItemID(root: run.record.id.root, run: run.record.number, step: 1))
            try expect(step.caller, is: run.record.id)
            try expect(step.key, is: step.id.key)
            try expect(try await bench.store.item(.key(queue: "callee", step.key))?.id, is: step.id)
            try expect(step.number > run.record.number, "numbers grow")
        },
        ConformanceCase("a value that is recorded is a step that has ended, and no work") { bench in
            try await bench.push("run", to: "flow")
            let run = try await bench.leaseOne("flow")
            try await bench.commit(bench.step(run, 1, queue: "~now", result: "7"))
            let id = ItemID(root: run.record.id.root, run: run.record.number, step: 1)
            try expect(try await bench.state(id), is: .completed)
            try expect(try await bench.record(id).result?.text, is: "7")
            try expect(try await bench.lease("~now").isEmpty, "it is not leased")
        },
        ConformanceCase("a step that is there is not made again") { bench in
            let run = try await bench.parkedRun()
            try await bench.refuses(.leaseLost, bench.step(run, 1, queue: "other"))
        },
        ConformanceCase("a run that waits stays with its holder") { bench in
            let run = try await bench.parkedRun()
            try expect(try await bench.state(run.record.id), is: .parked)
            try expect(try await bench.lease("flow").isEmpty, "nobody else gets it")
            try await bench.settle(run, .complete(Self.one))
            try expect(try await bench.state(run.record.id), is: .completed)
        },
        ConformanceCase("the attempts of a run that has waited begin again") { bench in
            let run = try await bench.parkedRun()
            try expect(try await bench.record(run.record.id).attempt, is: 0)
        },
        ConformanceCase("a step that ends makes a run ready that nobody holds") { bench in
            let run = try await bench.parkedRun()
            let isBack = await bench.store.relinquish(run.lease, news: 0)
            try expect(isBack, "the store takes it back")
            try expect(try await bench.lease("flow").isEmpty, "it is parked")
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            let again = try await bench.leaseOne("flow")
            try expect(again.record.id, is: run.record.id)
            try expect(again.lease.token > run.lease.token, "the token has grown")
            try await bench.refuses(.leaseLost, .settle(run.lease, .park(news: 0)))
        },
        ConformanceCase("a step that ends tells the holder of its run") { bench in
            let run = try await bench.parkedRun(steps: 2)
            for _ in 1...2 {
                let step = try await bench.leaseOne("callee")
                try await bench.settle(step, .complete(Self.one))
            }
            var heard: [RunNews] = []
            while heard.last?.news ?? 0 < 2 { heard += try await bench.news() }
            try expect(heard.allSatisfy { $0.id == run.record.id && !$0.isOver }, "the news is of the run")
            try expect(heard.reduce(into: Set()) { $0.formUnion($1.steps) }, is: [1, 2], "the steps")
            try expect(try await bench.lease("flow").isEmpty, "the lease goes on")
            try await bench.settle(run, .complete(Self.one))
        },
        ConformanceCase("news goes to the holder that it concerns, and to nobody else") { bench in
            let (first, second) = (Holder(number: 11), Holder(number: 12))
            var leases: [LeasedItem] = []
            for (key, holder) in [("a", first), ("b", second), ("c", nil)] {
                try await bench.push(key)
                leases += try await bench.store.reserve(ReserveRequest(queue: "q", holder: holder))
            }
            for leased in leases { try await bench.commit(.control(.id(leased.record.id), .cancel)) }
            for (holder, leased) in zip([first, second], leases) {
                try expect(try await bench.store.news(for: holder).map(\.lease), is: [leased.lease])
            }
            let third = bench.start { try await bench.store.news(for: first) }
            await bench.yield(20)
            third.cancel()
            try await expect(.storeClosed) { _ = try await third.value }
        },
        ConformanceCase("a step of which the holder of its run has heard wakes nobody") { bench in
            let run = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee")
            try await bench.settle(step, .complete(Self.one, heardBy: run.lease))
            try expect(try await bench.state(run.record.id), is: .parked)
        },
        ConformanceCase("a step of which a former holder of its run has heard wakes it all the same") { bench in
            let run = try await bench.parkedRun(steps: 2)
            let steps = try await bench.lease("callee", limit: 2)
            _ = await bench.store.relinquish(run.lease, news: 0)
            try await bench.settle(steps[0], .complete(Self.one, heardBy: run.lease))
            let again = try await bench.leaseOne("flow")
            try await bench.settle(again, .park(news: 0))
            let failure = Failure(.failed, pipeline: "callee", message: "no")
            try await bench.settle(steps[1], .fail(failure, heardBy: run.lease))
            try expect(try await bench.state(run.record.id), is: .ready)
        },
        ConformanceCase("a step that fails wakes its run as well") { bench in
            let run = try await bench.parkedRun()
            _ = await bench.store.relinquish(run.lease, news: 0)
            let failure = Failure(.failed, pipeline: "callee", message: "no")
            try await bench.settle(try await bench.leaseOne("callee"), .fail(failure))
            try expect(try await bench.lease("flow").count, is: 1)
        },
        ConformanceCase("an external task that is resolved wakes its run as well") { bench in
            let run = try await bench.parkedRun()
            _ = await bench.store.relinquish(run.lease, news: 0)
            let step = ItemID(root: run.record.id.root, run: run.record.number, step: 1)
            try await bench.commit(.resolve(.key(queue: "callee", step.key), .resolve(Self.one)))
            try expect(try await bench.lease("flow").count, is: 1)
        },
        ConformanceCase("a step is not consumed like a message") { bench in
            _ = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee")
            try await bench.refuses(.conflict, .settle(step.lease, .consume))
        },
        ConformanceCase("a step that is abandoned is cancelled with all below, and wakes nobody") { bench in
            let run = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee")
            try await bench.commit(bench.step(step, 1, queue: "below"), .settle(step.lease, .park(news: 0)))
            let below = try await bench.leaseOne("below")
            try await bench.commit(.abandon(step.record.id))
            try expect(try await bench.state(step.record.id), is: .cancelled)
            try expect(try await bench.state(below.record.id), is: .cancelled)
            try expect(try await bench.state(run.record.id), is: .parked)
            try await bench.refuses(.leaseLost, .settle(below.lease, .complete(Self.one)))
            let before = try await bench.content()
            try await bench.commit(.abandon(step.record.id))
            try await bench.commit(.abandon(ItemID(root: 777, run: 777, step: 7)))
            try expect(try await bench.content() == before, "what has ended is not abandoned again")
        },
        ConformanceCase("a run that differs from its journal waits with the report") { bench in
            let run = try await bench.parkedRun()
            let report = Failure(.diverged, pipeline: "flow", message: "step 1 differs")
            try await bench.settle(run, .diverge(report))
            let record = try await bench.record(run.record.id)
            try expect(record.state, is: .diverged)
            try expect(record.failure, is: report)
            try expect(try await bench.lease("flow").isEmpty, "it is not leased")
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            try expect(try await bench.state(run.record.id), is: .diverged, "its state after a step has ended")
        },
    ]

    /// Wake-ups that come while a run is on its way to sleep.
    static let lateWakeUps: [ConformanceCase] = [
        ConformanceCase("a step that ends before its run parks keeps the run awake") { bench in
            try await bench.push("run", to: "flow")
            let run = try await bench.leaseOne("flow")
            try await bench.commit(bench.step(run, 1))
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            try await bench.settle(run, .park(news: 0))
            try expect(try await bench.state(run.record.id), is: .ready)
            let isBack = await bench.store.relinquish(run.lease, news: 0)
            try expect(!isBack, "the store does not take back a run that has unseen news")
            _ = await bench.store.relinquish(run.lease, news: 1)
            try expect(try await bench.lease("flow").count, is: 1)
        },
        ConformanceCase("a step that ends between parking and giving back keeps the run with its holder") { bench in
            let run = try await bench.parkedRun()
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            let isBack = await bench.store.relinquish(run.lease, news: 0)
            try expect(!isBack, "the store does not take back a run that has unseen news")
            try await bench.settle(run, .complete(Self.one))
        },
        ConformanceCase("a step that ends while its run parks wakes it, whichever comes first") { bench in
            for round in 0..<50 {
                try await bench.push("run \(round)", to: "flow")
                let run = try await bench.leaseOne("flow")
                try await bench.commit(bench.step(run, 1))
                let step = try await bench.leaseOne("callee")
                async let parked: Receipt = bench.settle(run, .park(news: 0))
                async let ended: Receipt = bench.settle(step, .complete(Self.one))
                _ = try await (parked, ended)
                try expect(try await bench.state(run.record.id), is: .ready, "the state of the run")
                try await bench.settle(run, .complete(Self.one))
            }
        },
        ConformanceCase("a step that ends while its run is given back wakes it, whichever comes first") { bench in
            for round in 0..<50 {
                let run = try await bench.parkedRun("run \(round)")
                let step = try await bench.leaseOne("callee")
                async let isBack = bench.store.relinquish(run.lease, news: 0)
                async let ended: Receipt = bench.settle(step, .complete(Self.one))
                _ = try await ended
                let holder = await isBack ? try await bench.leaseOne("flow") : run
                try await bench.settle(holder, .complete(Self.one))
            }
        },
        ConformanceCase("a holder that lost its run adds nothing to the journal") { bench in
            let run = try await bench.parkedRun()
            _ = await bench.store.relinquish(run.lease, news: 0)
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            _ = try await bench.leaseOne("flow")
            try await bench.refuses(.leaseLost, bench.step(run, 2), .settle(run.lease, .park(news: 1)))
            try await bench.refuses(.leaseLost, bench.step(run, 2), .settle(run.lease, .rest))
        },
        ConformanceCase("a run that rests keeps its lease, its row and its attempt") { bench in
            try await bench.push("run", to: "flow")
            let run = try await bench.leaseOne("flow")
            let before = try await bench.record(run.record.id)
            let transaction = Transaction([bench.step(run, 1), .settle(run.lease, .rest)])
            for isAgain in [false, true] {
                // The second time is a hand-in whose answer was lost.
                try expect(try await bench.store.commit(transaction).wasThere, is: [isAgain, isAgain])
                try expect(try await bench.record(run.record.id), is: before)
                try expect(try await bench.lease("flow").isEmpty, "nobody else gets it")
            }
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            try expect(try await bench.news().map(\.steps), is: [[1]])
            try await bench.settle(run, .complete(Self.one))
        },
        ConformanceCase("only a run that nobody has held is known to have no journal") { bench in
            try await bench.push("run", to: "flow")
            let first = try await bench.leaseOne("flow")
            try expect(first.isFresh, "nobody has held it")
            try await bench.commit(bench.step(first, 1), .settle(first.lease, .rest))
            let isBack = await bench.store.relinquish(first.lease, news: 0)
            try expect(isBack, "the store takes it back")
            let second = try await bench.leaseOne("flow")
            try expect(!second.isFresh, "its row does not tell of its journal")
            try await bench.settle(second, .release)
            try expect(!(try await bench.leaseOne("flow").isFresh), "nor does it after it was given back")
        },
        ConformanceCase("steps of one run that end at once all tell its holder") { bench in
            let run = try await bench.parkedRun(steps: 20)
            let steps = try await bench.lease("callee", limit: 20)
            let ended = try await bench.together(20) { number in
                try await bench.settle(steps[number], .complete(Self.one))
            }
            try expect(ended.count, is: 20, "how many ended")
            var heard = Set<Int>()
            while heard.count < 20 { for news in try await bench.news() { heard.formUnion(news.steps) } }
            try expect(heard, is: Set(1...20))
            try await bench.settle(run, .complete(Self.one))
        },
    ]
}

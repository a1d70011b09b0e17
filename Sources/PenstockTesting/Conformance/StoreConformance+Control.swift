import Penstock

extension StoreConformance {
    private static let one = StoreBench.payload("1")

    /// What operators ask for.
    static let control: [ConformanceCase] = [
        ConformanceCase("an item that is cancelled has ended, and says so") { bench in
            let id = try await bench.push("a")
            try await bench.commit(.control(.key(queue: "q", "a"), .cancel))
            let record = try await bench.record(id)
            try expect(record.state, is: .cancelled)
            try expect(record.failure?.kind, is: .cancelled)
            try expect(try await bench.lease().isEmpty, "it is not leased")
            try await bench.refuses(.conflict, .control(.id(id), .cancel))
        },
        ConformanceCase("whoever works on a cancelled item hears of it, and settles nothing") { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.commit(.control(.id(id), .cancel))
            let news = try require(try await bench.news().first, "news")
            try expect(news.id, is: id)
            try expect(news.isOver, "the news says that it is over")
            for settlement in StoreBench.settlements {
                try await bench.refuses(.leaseLost, .settle(leased.lease, settlement))
            }
        },
        ConformanceCase("cancelling a run cancels everything below it, and ends all leases") { bench in
            let run = try await bench.parkedRun(steps: 3)
            let first = try await bench.leaseOne("callee")
            try await bench.commit(bench.step(first, 1, queue: "below"), .settle(first.lease, .park(news: 0)))
            let below = try await bench.leaseOne("below")
            let second = try await bench.leaseOne("callee")
            try await bench.settle(second, .complete(Self.one, heardBy: run.lease))
            try await bench.commit(.control(.id(run.record.id), .cancel))
            let states = try await bench.content().values.reduce(into: [:]) { $0[$1.id.key] = $1.state }
            try expect(states[second.record.id.key], is: .completed, "what had ended before")
            try expect(states.values.filter { $0 == .cancelled }.count, is: 4, "how many are cancelled")
            try await bench.refuses(.leaseLost, .settle(below.lease, .release))
            var over = Set<ItemID>()
            while over.count < 3 { for news in try await bench.news() where news.isOver { over.insert(news.id) } }
            try expect(over, is: [run.record.id, first.record.id, below.record.id], "who heard that it is over")
        },
        ConformanceCase("cancelling a step wakes the run that called it") { bench in
            let run = try await bench.parkedRun()
            _ = await bench.store.relinquish(run.lease, news: 0)
            let step = ItemID(root: run.record.id.root, run: run.record.number, step: 1)
            try await bench.commit(.control(.id(step), .cancel))
            try expect(try await bench.lease("flow").count, is: 1)
        },
        ConformanceCase("a run that is restarted has forgotten its journal, and its holder has lost it") { bench in
            let run = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee")
            try await bench.commit(.control(.id(run.record.id), .restart))
            try expect(try await bench.state(step.record.id), is: nil)
            try await bench.refuses(.leaseLost, .settle(run.lease, .complete(Self.one)))
            try await bench.refuses(.leaseLost, .settle(step.lease, .complete(Self.one)))
            let again = try await bench.leaseOne("flow")
            try expect(again.record.attempt, is: 1)
            try expect(again.lease.token > run.lease.token, "the token has grown")
        },
        ConformanceCase("a run that has ended is restarted with its argument") { bench in
            let run = try await bench.parkedRun()
            try await bench.settle(run, .complete(Self.one))
            try await bench.commit(.control(.id(run.record.id), .restart))
            let again = try await bench.leaseOne("flow")
            try expect(again.record.payload, is: run.record.payload)
            try expect(again.record.result, is: nil)
            try expect(again.record.settled, is: nil)
        },
        ConformanceCase("a step whose run knows its result is not restarted") { bench in
            _ = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee")
            try await bench.settle(step, .complete(Self.one))
            try await bench.refuses(.conflict, .control(.id(step.record.id), .restart))
        },
        ConformanceCase("a dead item is tried again with a fresh count, and nothing else is") { bench in
            let id = try await bench.push("a")
            try await bench.refuses(.conflict, .control(.id(id), .retry))
            let failure = Failure(.failed, pipeline: "q", message: "no")
            try await bench.settle(try await bench.leaseOne(), .fail(failure))
            try await bench.commit(.control(.id(id), .retry))
            try expect(try await bench.record(id).failure, is: nil)
            try expect(try await bench.leaseOne().record.attempt, is: 1)
        },
        ConformanceCase("a failed run goes on at the step that failed last") { bench in
            let run = try await bench.parkedRun(steps: 2)
            let failure = Failure(.failed, pipeline: "callee", message: "no")
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one, heardBy: run.lease))
            let second = try await bench.leaseOne("callee")
            try await bench.settle(second, .fail(failure, heardBy: run.lease))
            try await bench.settle(run, .fail(failure))
            try await bench.commit(.control(.id(run.record.id), .retry))
            try expect(try await bench.state(run.record.id), is: .parked)
            let again = try await bench.lease("callee", limit: 5)
            try expect(again.map(\.record.id), is: [second.record.id])
            try await bench.settle(again[0], .complete(Self.one))
            try expect(try await bench.lease("flow").count, is: 1)
        },
        ConformanceCase("a failure that the run had dealt with stays when the run is tried again") { bench in
            let run = try await bench.parkedRun()
            let failure = Failure(.failed, pipeline: "callee", message: "no")
            let first = try await bench.leaseOne("callee")
            try await bench.commit(
                .settle(first.lease, .fail(failure, heardBy: run.lease)),
                bench.step(run, 2),
                .settle(run.lease, .park(news: 0))
            )
            let second = try await bench.leaseOne("callee")
            try await bench.commit(
                .settle(second.lease, .fail(failure, heardBy: run.lease)),
                .settle(run.lease, .fail(failure))
            )
            try await bench.commit(.control(.id(run.record.id), .retry))
            try expect(try await bench.state(first.record.id), is: .failed, "the failure that was dealt with")
            try expect(try await bench.state(second.record.id), is: .ready, "the failure that ended the run")
        },
        ConformanceCase("a failure that came after the run had gone on is tried again") { bench in
            let run = try await bench.parkedRun(steps: 2)
            let failure = Failure(.failed, pipeline: "callee", message: "no")
            let steps = try await bench.lease("callee", limit: 2)
            try await bench.commit(
                .settle(steps[1].lease, .complete(Self.one, heardBy: run.lease)),
                bench.step(run, 3),
                .settle(run.lease, .park(news: 0))
            )
            bench.clock.advance(by: .milliseconds(1))
            try await bench.commit(
                .settle(steps[0].lease, .fail(failure, heardBy: run.lease)),
                .settle(run.lease, .fail(failure))
            )
            try await bench.commit(.control(.id(run.record.id), .retry))
            try expect(try await bench.state(steps[0].record.id), is: .ready, "the failure that ended the run")
            try expect(try await bench.state(steps[1].record.id), is: .completed, "what had been done")
        },
        ConformanceCase("only a diverged run is resumed") { bench in
            let run = try await bench.parkedRun()
            try await bench.refuses(.conflict, .control(.id(run.record.id), .resume))
            try await bench.settle(run, .diverge(Failure(.diverged, pipeline: "flow", message: "differs")))
            try await bench.commit(.control(.id(run.record.id), .resume))
            let again = try await bench.leaseOne("flow")
            try expect(again.record.result, is: nil)
            let journal = ItemQuery(.journal(root: run.record.id.root, run: run.record.number))
            try expect(try await bench.store.items(journal).count, is: 1, "how many steps it still has")
        },
        ConformanceCase("a diverged run is restarted as well") { bench in
            let run = try await bench.parkedRun()
            try await bench.settle(run, .diverge(Failure(.diverged, pipeline: "flow", message: "differs")))
            try await bench.commit(.control(.id(run.record.id), .restart))
            try expect(try await bench.lease("flow").count, is: 1)
            try expect(try await bench.content().count, is: 1, "how many rows are left")
        },
        ConformanceCase("what is deleted is gone with its journal; what is at work is not deleted") { bench in
            let run = try await bench.parkedRun()
            try await bench.refuses(.conflict, .control(.id(run.record.id), .delete))
            let step = ItemID(root: run.record.id.root, run: run.record.number, step: 1)
            try await bench.refuses(.conflict, .control(.id(step), .delete))
            _ = await bench.store.relinquish(run.lease, news: 0)
            try await bench.commit(.control(.id(run.record.id), .delete))
            try expect(try await bench.content().count, is: 0, "how many rows are left")
            try expect(try await bench.lease("callee").isEmpty, "the step is gone from its queue")
        },
        ConformanceCase("whoever works on a step of a deleted run settles nothing") { bench in
            let run = try await bench.parkedRun()
            let step = try await bench.leaseOne("callee")
            _ = await bench.store.relinquish(run.lease, news: 0)
            try await bench.commit(.control(.id(run.record.id), .delete))
            try await bench.refuses(.leaseLost, .settle(step.lease, .complete(Self.one)))
        },
        ConformanceCase("nothing is asked of an item that is not there") { bench in
            for verb in ControlVerb.allCases {
                try await bench.refuses(.notFound, .control(.key(queue: "q", "a"), verb))
                try await bench.refuses(.notFound, .control(.id(ItemID(root: 9, run: 9, step: 3)), verb))
            }
        },
    ]
}

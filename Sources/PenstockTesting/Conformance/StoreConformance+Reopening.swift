import Penstock

extension StoreConformance {
    private static let one = StoreBench.payload("1")

    /// What is there again when a store is opened again.
    static let reopening: [ConformanceCase] = [
        ConformanceCase("everything that was committed is there again", reopens: true) { bench in
            let scene = try await Scene(bench)
            _ = try await bench.store.commit(Transaction(scene.operations))
            let before = try await bench.content().mapValues(\.withoutToken)
            try await bench.reopen()
            let after = try await bench.content().mapValues(\.withoutToken)
            try expect(after == before, "the rows are what they were")
            try await bench.checkCounts()
        },
        ConformanceCase("what was leased is ready again, and its holder is fenced", reopens: true) { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.reopen()
            let again = try await bench.leaseOne()
            try expect(again.record.id, is: id)
            try expect(again.lease.token > leased.lease.token, "the token has grown through the restart")
            for settlement in StoreBench.settlements {
                try await bench.refuses(.leaseLost, .settle(leased.lease, settlement))
            }
            try await bench.settle(again, .consume)
        },
        ConformanceCase("a lease of the last life means nothing before anybody leases again", reopens: true) { bench in
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.reopen()
            try expect(try await bench.state(id), is: .ready)
            for settlement in StoreBench.settlements {
                try await bench.refuses(.leaseLost, .settle(leased.lease, settlement))
            }
            try await expect(.leaseLost) { try await bench.store.extend([leased.lease], for: .seconds(1)) }
        },
        ConformanceCase("tokens grow through many restarts", reopens: true) { bench in
            try await bench.push("a")
            var last: Int64 = 0
            for _ in 0..<5 {
                let leased = try await bench.leaseOne()
                try expect(leased.lease.token > last, "token \(leased.lease.token) is greater than \(last)")
                last = leased.lease.token
                try await bench.reopen()
            }
        },
        ConformanceCase("numbers are not given twice", reopens: true) { bench in
            let first = try await bench.push("a")
            try await bench.commit(.pop(.id(first)))
            try await bench.reopen()
            let second = try await bench.push("a")
            try expect(second.root > first.root, "\(second.root) is greater than \(first.root)")
        },
        ConformanceCase("a run that waits goes on waiting, and wakes", reopens: true) { bench in
            let run = try await bench.parkedRun(steps: 2)
            try await bench.reopen()
            try expect(try await bench.lease("flow").isEmpty, "it waits")
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            let again = try await bench.leaseOne("flow")
            try expect(again.record.id, is: run.record.id)
            try expect(again.lease.token > run.lease.token, "the token has grown")
        },
        ConformanceCase("a run that had news when its process died is ready", reopens: true) { bench in
            let run = try await bench.parkedRun()
            try await bench.settle(try await bench.leaseOne("callee"), .complete(Self.one))
            try await bench.reopen()
            try expect(try await bench.leaseOne("flow").record.id, is: run.record.id)
        },
        ConformanceCase("order, priorities and due times hold through a restart", reopens: true) { bench in
            let now = bench.clock.now
            try await bench.push("late") { $0.due = now + .seconds(2) }
            try await bench.push("first")
            try await bench.push("high") { $0.priority = 1 }
            try await bench.push("second")
            try await bench.reopen()
            try expect(try await bench.lease(limit: 9).map(\.record.key), is: ["high", "first", "second"])
            bench.clock.advance(by: .seconds(2))
            try expect(try await bench.lease(limit: 9).map(\.record.key), is: ["late"])
        },
        ConformanceCase("a backlog longer than memory comes out whole after a restart", reopens: true, isLarge: true) {
            bench in
            let count = 20_000
            _ = try await bench.store.commit(
                Transaction((0..<count).map { .push(bench.item(nil, "\($0)")) })
            )
            try await bench.reopen()
            var seen: [String] = []
            while case let leased = try await bench.lease(limit: 4000), !leased.isEmpty {
                seen += leased.map(\.record.payload.text)
                if seen.count < 8001 { try await bench.push(nil, "\(count)") }
            }
            try expect(seen.prefix(count).elementsEqual((0..<count).map(String.init)), "the order is kept")
            try expect(Set(seen.dropFirst(count)), is: ["\(count)"], "what was pushed later")
        },
        ConformanceCase("a key that was pushed before a restart is known after it", reopens: true) { bench in
            let id = try await bench.push("a")
            try await bench.reopen()
            let receipt = try await bench.commit(.push(bench.item("a", "2")))
            try expect(receipt.ids, is: [id])
            try expect(receipt.wasThere, is: [true])
            try expect(try await bench.record(id).payload.text, is: "1")
            try await bench.refuses(.duplicateKey, .push(bench.item("a", "2") { $0.onDuplicate = .refuse }))
        },
    ]

    /// Handing in again what may have happened.
    static let repeating: [ConformanceCase] = [
        ConformanceCase("a settlement that is handed in again counts as done, and changes nothing") { bench in
            let failure = Failure(.failed, pipeline: "q", message: "no")
            let settlements: [Settlement] = [
                .complete(Self.one), .fail(failure),
                .retry(after: .seconds(5), failure), .release, .diverge(failure),
            ]
            for settlement in settlements {
                try await bench.push(nil)
                let leased = try await bench.leaseOne()
                let transaction = Transaction([
                    .push(bench.item(nil, to: "made")), .settle(leased.lease, settlement),
                ])
                _ = try await bench.store.commit(transaction)
                let before = try await bench.content()
                _ = try await bench.store.commit(transaction)
                try expect(try await bench.content() == before, "\(settlement) has one effect")
                if case .release = settlement { _ = try await bench.leaseOne() }
            }
        },
        ConformanceCase("an activation that is handed in again counts as done, and changes nothing") { bench in
            try await bench.push("run", to: "flow")
            let run = try await bench.leaseOne("flow")
            let transaction = Transaction([
                bench.step(run, 1), bench.step(run, 2), .settle(run.lease, .park(news: 0)),
            ])
            _ = try await bench.store.commit(transaction)
            let before = try await bench.content()
            _ = try await bench.store.commit(transaction)
            try expect(try await bench.content() == before, "the activation has one effect")
            try await bench.settle(run, .complete(Self.one))
        },
        ConformanceCase("an activation that is handed in again after it was woken counts as done") { bench in
            try await bench.push("run", to: "flow")
            let run = try await bench.leaseOne("flow")
            let transaction = Transaction([bench.step(run, 1), .settle(run.lease, .park(news: 0))])
            _ = try await bench.store.commit(transaction)
            let step = try await bench.leaseOne("callee")
            try await bench.settle(step, .complete(Self.one))
            let before = try await bench.content()
            _ = try await bench.store.commit(transaction)
            try expect(try await bench.content() == before, "the activation has one effect")
        },
        ConformanceCase("another end than the one that was recorded is refused") { bench in
            try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.settle(leased, .complete(Self.one))
            try await bench.refuses(
                .leaseLost,
                .settle(leased.lease, .complete(StoreBench.payload("2")))
            )
            let failure = Failure(.failed, pipeline: "q", message: "no")
            try await bench.refuses(.leaseLost, .settle(leased.lease, .fail(failure)))
            try await bench.refuses(.leaseLost, .settle(leased.lease, .release))
        },
    ]
}

extension ItemRecord {
    /// The row without the token, which may have grown for an item whose holder has gone.
    fileprivate var withoutToken: ItemRecord {
        var record = self
        record.token = 0
        return record
    }
}

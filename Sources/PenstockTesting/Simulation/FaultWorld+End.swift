import Penstock

/// What has to hold at the end of a world.
extension FaultWorld {
    /// What the server has counted, held against its rows.
    private func compareCounts() {
        guard let server, let store = self.network.server else { return }
        let (network, disk) = (self.network, self.disk)
        server.process.environment.task {
            do throws(PenstockError) {
                network.history.compare(try await store.counts(), with: disk.content)
            } catch {
                network.history.violated("the server cannot count: \(error)")
            }
        }
        self.scheduler.runUntilIdle()
    }

    func check() throws {
        self.compareCounts()
        let rows = self.disk.content
        if let problem = (self.network.history.problems(with: rows) + self.disk.problems).first {
            throw self.failure(problem)
        }
        guard self.scheduler.strangers == 0 else {
            throw self.failure("\(self.scheduler.strangers) jobs came from other threads: the seed decides nothing")
        }
        let simulation = Simulation(seed: self.knobs.seed)
        let scenario = self.scenario
        do {
            try simulation.run {
                let disk = MemoryDisk(content: rows)
                let store = try await disk.open(simulation.environment)
                try await scenario.check(store)
                await store.close()
            }
        } catch {
            throw self.failure("\(error)")
        }
    }

    /// What has not come to its end.
    var unfinished: String {
        let rows = self.disk.content.values.sorted { $0.id < $1.id }
        let open = Set(rows.lazy.filter { !$0.state.isSettled && $0.queue != "outbox" }.map(\.id.root))
        let texts = rows.filter { open.contains($0.id.root) }.map { row in
            "\(row.id.key) of \(row.queue) is \(row.state.rawValue) (attempt \(row.attempt), token \(row.token))"
        }
        guard !texts.isEmpty else {
            let names = self.slots.map(\.process).filter { $0.ending == nil }.map(\.name)
            return "\(names.joined(separator: ", ")) do not end, although all work is done"
        }
        return texts.prefix(30).joined(separator: "\n    ")
    }

    func failure(_ message: String) -> FaultTrialFailure {
        FaultTrialFailure(
            knobs: self.knobs,
            message: message,
            trace: self.scheduler.trace,
            struck: self.dice.struck.map(\.text),
            notices: self.notices.all.suffix(20).map(\.description),
            log: self.network.history.log
        )
    }

    /// Lets those who have died come to their end, so that they leave nothing behind.
    func forget() {
        let all = self.slots.map(\.process) + (self.server.map { [$0.process] } ?? [])
        for process in all { process.die() }
        var rest = 100_000
        while rest > 0, self.scheduler.runNext() || self.clock.advanceToNextWakeUp() { rest -= 1 }
        self.network.server = nil
        (self.slots, self.server) = ([], nil)
    }
}

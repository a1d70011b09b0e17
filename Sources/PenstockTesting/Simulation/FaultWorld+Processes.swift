import Penstock

/// The lives of the processes of a world.
extension FaultWorld {
    private func process(_ name: String, _ seed: UInt64, start: Int) -> SimulatedProcess {
        let disk = self.disk
        let process = SimulatedProcess(
            "\(name).\(start)",
            seed: self.knobs.seed ^ (seed &* 7919 &+ UInt64(start)),
            clock: self.knobs.isServed ? SimulatedClock(in: self.clock) : self.machine,
            scheduler: self.scheduler,
            notices: self.notices
        ) { process in
            disk.died(process.name)
            disk.remember()
        }
        self.everybody.append { [weak process] in process }
        return process
    }

    func startServer(_ start: Int) -> SimulatedProcess {
        let process = self.process("server", 99, start: start)
        let (disk, network) = (self.disk, self.network)
        process.live {
            do {
                let store = try await Self.open(disk, for: process, network)
                network.server = store
                try await process.environment.clock.sleepForever()
                return .done
            } catch {
                return process.isAlive ? .failed(error) : .gone
            }
        }
        return process
    }

    func startWorker(_ number: Int, start: Int) -> SimulatedProcess {
        let process = self.process("\(number)", UInt64(number), start: start)
        let (disk, network, scenario) = (self.disk, self.network, self.scenario)
        let configuration = EngineConfiguration(
            hotBytes: self.knobs.hotBytes,
            replay: self.knobs.replaysAlways ? .always : .whenNeeded,
            maximumCrashes: 1000
        )
        process.live {
            do {
                let own = network.knobs.isServed ? nil : try await Self.open(disk, for: process, network)
                let store = SimulatedConnection(of: process, over: network, to: own)
                process.opened(store)
                defer { disk.release(by: process.name) }
                do {
                    let engine = try await Engine(
                        store: .open(store),
                        pipelines: try scenario.pipelines(of: process, over: store),
                        configuration: configuration
                    )
                    try await engine.run {
                        do {
                            try await scenario.drive(engine, in: process)
                        } catch {
                            network.history.write("\(process.name) stops: \(error)")
                            throw error
                        }
                    }
                } catch {
                    network.history.write("\(process.name) ends: \(error)")
                    await store.close()
                    throw error
                }
                if let own { network.history.compare(try await own.counts(), with: disk.content) }
                await store.close()
                return .done
            } catch {
                return process.isAlive ? .failed(error) : .gone
            }
        }
        return process
    }

    /// Opens the disk for a process, when nobody else has it.
    private static func open(
        _ disk: SimulatedDisk,
        for process: SimulatedProcess,
        _ network: SimulatedNetwork
    ) async throws -> any Store {
        while true {
            guard process.isAlive else { throw SimulatedDisk.dead }
            if disk.take(for: process.name) { break }
            try await process.environment.clock.sleep(for: .milliseconds(50))
        }
        let (epoch, ledger) = try disk.open(for: process)
        disk.remember()
        let (writer, reader) = (
            SimulatedTable(.writer, to: disk, epoch: epoch, of: process, network.history),
            SimulatedTable(.reader, to: disk, epoch: epoch, of: process, network.history)
        )
        let store = try await EmbeddedStore(
            environment: process.environment,
            writer: SimulatedRunner(writer, for: process, network.dice),
            reader: SimulatedRunner(reader, for: process, network.dice),
            ledger: ledger
        )
        process.opened(store)
        guard process.isAlive else {
            await store.close()
            throw SimulatedDisk.dead
        }
        return store
    }
}

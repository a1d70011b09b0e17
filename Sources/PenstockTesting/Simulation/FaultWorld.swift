import Penstock
import Synchronization

/// One simulated world: its processes, what befalls them, and its end.
final class FaultWorld {
    /// A place for a process: one at a time, the next after the end of the last.
    struct Slot {
        var process: SimulatedProcess
        var starts = 1
        /// When its next process is started, if this one has ended.
        var restart: Duration?
    }

    let knobs: FaultKnobs
    let scenario: any FaultScenario
    let clock = ManualClock()
    /// The clock of the machine on which the owners of a file live.
    let machine: SimulatedClock
    let scheduler: SeededScheduler
    let dice: FaultDice
    let network: SimulatedNetwork
    let disk: SimulatedDisk
    let notices = NoticeLog()
    var slots: [Slot] = []
    var server: Slot?
    /// Everybody who has ever lived here, and is still in memory.
    var everybody: [() -> SimulatedProcess?] = []

    init(_ knobs: FaultKnobs, _ scenario: any FaultScenario, on medium: any DiskMedium) {
        self.knobs = knobs
        self.scenario = scenario
        self.scheduler = SeededScheduler(seed: knobs.seed &+ 1)
        self.dice = FaultDice(knobs, clock: self.clock)
        self.network = SimulatedNetwork(knobs, self.dice)
        self.disk = SimulatedDisk(medium, self.dice, self.clock, self.network.history)
        self.machine = SimulatedClock(in: self.clock)
    }

    /// How long a world may take, by its own time, to come to its end after it was mended.
    static let patience = Duration.seconds(600)

    /// Lets the world run to its end.
    /// - Throws: ``FaultTrialFailure`` when a promise was broken, or nothing happens any more.
    func run() throws -> FaultReport {
        let report = try self.live()
        // Whoever has ended is held by nobody, or an engine would not let go of what it was given.
        if let rest = self.everybody.lazy.compactMap({ $0() }).first {
            throw self.failure("\(rest.name) has ended, and something keeps it in memory")
        }
        return report
    }

    private func live() throws -> FaultReport {
        if self.knobs.isServed { self.server = Slot(process: self.startServer(1)) }
        for number in 1...max(self.knobs.processes, 1) {
            self.slots.append(Slot(process: self.startWorker(number, start: 1)))
        }
        defer { self.forget() }
        var end = Duration.zero
        while !self.isOver {
            if !self.dice.isHealed {
                if self.scheduler.steps >= self.knobs.healsAfter || self.isIdle {
                    self.heal()
                    end = self.clock.uptime + Self.patience
                } else {
                    self.strike()
                }
            }
            self.tend()
            if self.scheduler.runNext() { continue }
            if self.isOver { break }
            guard self.advance() else { throw self.failure("nothing is left to do, but \(self.unfinished)") }
            guard !self.dice.isHealed || self.clock.uptime <= end else {
                throw self.failure("\(Self.patience) after everything was mended, \(self.unfinished)")
            }
        }
        try self.check()
        return FaultReport(
            knobs: self.knobs,
            trace: self.scheduler.trace,
            jobs: self.scheduler.steps,
            time: self.clock.uptime,
            strangers: self.scheduler.strangers,
            struck: self.dice.struck.map(\.fault)
        )
    }

    var isOver: Bool { self.dice.isHealed && self.isIdle }

    /// Whether every process has done its work.
    var isIdle: Bool {
        self.slots.allSatisfy { if case .done = $0.process.ending { true } else { false } }
    }

    // MARK: What befalls them

    /// Draws what goes wrong before the next job.
    private func strike() {
        for slot in self.slots where slot.process.ending == nil && !slot.process.isPaused {
            let process = slot.process
            if self.dice.strikes(.crash, process.name) {
                process.die()
                continue
            }
            if self.dice.strikes(.stop, process.name) { process.stop() }
            if self.dice.strikes(.pause, process.name) {
                let length = Duration.milliseconds(100 + self.dice.draw(.pause, below: 40_000))
                process.pause(until: self.clock.uptime + length)
            }
            if self.dice.strikes(.clockJump, process.name) { self.setClock(of: process) }
        }
        if let server, server.process.ending == nil, self.dice.strikes(.serverCrash, server.process.name) {
            server.process.die()
        }
    }

    /// The client of a server may have any time; the machine of an owner jumps ahead, because what is due is due by it.
    private func setClock(of process: SimulatedProcess) {
        let amount = Duration.seconds(self.dice.draw(.clockJump, below: 2) == 0 ? 3600 : 86_400 * 30)
        let isBack = self.knobs.isServed && self.dice.draw(.clockJump, below: 2) == 0
        process.clock.jump(by: isBack ? .zero - amount : amount)
    }

    /// Nothing goes wrong any more: what stands still goes on, and clocks are right.
    private func heal() {
        self.dice.heal()
        self.disk.remember()
        for slot in self.slots + (self.server.map { [$0] } ?? []) {
            if self.knobs.isServed { slot.process.clock.correct() }
            slot.process.resume()
        }
    }

    /// Lets those go on whose pause is over, and starts those again that have ended.
    private func tend() {
        let now = self.clock.uptime
        // Whoever serves the store was using the disk, and is dead already.
        if self.disk.hasLostPower(), !self.knobs.isServed { for slot in self.slots { slot.process.die() } }
        for place in self.slots.indices {
            let process = self.slots[place].process
            if let end = process.pauseEnds, end <= now { process.resume() }
            guard let ending = process.ending else { continue }
            if case .done = ending { continue }
            // Whatever it ended with: its locks are gone with it.
            process.die()
            guard let restart = self.slots[place].restart else {
                self.slots[place].restart = now + .milliseconds(10 + self.dice.draw(.crash, below: 2000))
                continue
            }
            guard restart <= now else { continue }
            self.slots[place].starts += 1
            self.slots[place].restart = nil
            self.slots[place].process = self.startWorker(place + 1, start: self.slots[place].starts)
        }
        guard let server, server.process.ending != nil else { return }
        self.network.server = nil
        server.process.die()
        guard let restart = server.restart else {
            self.server?.restart = now + .milliseconds(10 + self.dice.draw(.serverCrash, below: 2000))
            return
        }
        guard restart <= now else { return }
        self.server = Slot(process: self.startServer(server.starts + 1), starts: server.starts + 1)
    }

    /// Lets time pass until something is to happen.
    private func advance() -> Bool {
        let all = self.slots + (self.server.map { [$0] } ?? [])
        var times = all.compactMap(\.restart) + all.compactMap(\.process.pauseEnds)
        if let wakeUp = self.clock.nextWakeUp { times.append(wakeUp) }
        guard let next = times.min() else { return false }
        self.clock.advance(by: max(next - self.clock.uptime, .zero))
        self.scheduler.note(UInt64(bitPattern: self.clock.now.milliseconds))
        return true
    }
}

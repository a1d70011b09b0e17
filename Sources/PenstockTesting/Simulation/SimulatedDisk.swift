import Penstock
import Synchronization

/// The disk of a simulated world: who has it, and what goes wrong with it.
///
/// One process at a time owns it, as one owns a file that it has locked; a process that dies owns nothing.
final class SimulatedDisk: Sendable {
    private struct State {
        var owner: String?
        var isOpen = false
        /// Until when there is no room on it.
        var fullUntil = Duration.zero
        /// What is left by the power failure that is under way.
        var powerFailure: UInt64?
    }

    private let medium: any DiskMedium
    private let dice: FaultDice
    private let clock: ManualClock
    private let history: SimulatedHistory
    private let state = Mutex(State())

    init(_ medium: any DiskMedium, _ dice: FaultDice, _ clock: ManualClock, _ history: SimulatedHistory) {
        self.medium = medium
        self.dice = dice
        self.clock = clock
        self.history = history
    }

    static let dead = PenstockError(.storeClosed, "the process has died")

    // MARK: Whose it is

    /// Takes the disk for a process; `false` when somebody else has it.
    func take(for process: String) -> Bool {
        self.state.withLock { state in
            guard state.owner == nil || state.owner == process else { return false }
            state.owner = process
            return true
        }
    }

    /// The process has closed it.
    func release(by process: String) {
        let wasOwner = self.state.withLock { state in
            guard state.owner == process else { return false }
            state.owner = nil
            return true
        }
        if wasOwner { self.history.ended(isCharged: false) }
    }

    /// The process has died, and leaves what it had as it is.
    func died(_ process: String) {
        let (wasOwner, powerFailure) = self.state.withLock { state in
            guard state.owner == process else { return (false, nil as UInt64?) }
            (state.owner, state.isOpen) = (nil, false)
            return (true, state.powerFailure)
        }
        guard wasOwner else { return }
        // Nobody knows what was at work when the power fails.
        self.history.ended(isCharged: powerFailure == nil)
        self.medium.lose(power: powerFailure)
    }

    /// Whether the power has failed since this was asked, which was the end of every process of the machine.
    func hasLostPower() -> Bool {
        self.state.withLock { state in
            defer { state.powerFailure = nil }
            return state.powerFailure != nil
        }
    }

    private func isOwned(by process: SimulatedProcess) -> Bool {
        process.isAlive && self.state.withLock { $0.owner == process.name }
    }

    // MARK: Using it

    /// Opens it for the process that has taken it.
    func open(for process: SimulatedProcess) throws(PenstockError) -> (epoch: Int64, ledger: (any ClaimLedger)?) {
        let report = process.environment.report ?? { _ in }
        let mishap = self.mishap(of: process, "opens the disk")
        let epoch = try self.during(mishap, of: process) { () throws(PenstockError) in
            try self.medium.open(mishap, report)
        }
        self.state.withLock { $0.isOpen = true }
        return (epoch, self.medium.ledger.map { SimulatedLedger($0, of: process, self.history) })
    }

    /// Does something with the rows, unless the process has died; it may die meanwhile.
    func use<Result: Sendable>(
        _ connection: DiskConnection,
        of process: SimulatedProcess,
        _ mishap: DiskMishap? = nil,
        _ body: (any DiskRows) throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        try self.during(mishap, of: process) { () throws(PenstockError) in
            try self.medium.use(connection, mishap, body)
        }
    }

    /// Closes a connection in good order.
    func close(_ connection: DiskConnection, of process: SimulatedProcess) {
        guard self.isOwned(by: process) else { return }
        let mishap = connection == .writer ? self.mishap(of: process, "closes the disk") : nil
        self.medium.close(connection, mishap)
        if mishap?.effect == .ends { return process.die() }
        // The writer is closed first, and with the reader all is closed that there was.
        if connection == .reader { self.state.withLock { $0.isOpen = false } }
    }

    private func during<Result>(
        _ mishap: DiskMishap?,
        of process: SimulatedProcess,
        _ body: () throws(PenstockError) -> Result
    ) throws(PenstockError) -> Result {
        guard self.isOwned(by: process) else { throw Self.dead }
        let outcome: Swift.Result<Result, PenstockError>
        do throws(PenstockError) {
            outcome = .success(try body())
        } catch {
            outcome = .failure(error)
        }
        if mishap?.effect == .ends { process.die() }
        guard process.isAlive else { throw Self.dead }
        return try outcome.get()
    }

    // MARK: What goes wrong with it

    /// Draws what goes wrong while a process reads.
    func mishap(of process: SimulatedProcess, whileReading what: @autoclosure () -> String) -> DiskMishap? {
        guard self.isOwned(by: process), self.dice.strikes(.readError, "\(process.name) reads \(what())") else {
            return nil
        }
        return self.mishap(.failsToRead, .readError)
    }

    /// Draws what goes wrong while a process writes.
    func mishap(of process: SimulatedProcess, _ what: String) -> DiskMishap? {
        guard self.isOwned(by: process) else { return nil }
        let text = "\(process.name) \(what)"
        if self.isFull { return DiskMishap(effect: .isFull, point: 0) }
        if self.dice.strikes(.fullDisk, text) {
            let end = self.clock.uptime + .milliseconds(1 + self.dice.draw(.fullDisk, below: 5000))
            self.state.withLock { $0.fullUntil = end }
            return self.mishap(.isFull, .fullDisk)
        }
        if self.dice.strikes(.diskError, text) { return self.mishap(.failsToWrite, .diskError) }
        if self.dice.strikes(.syncError, text) { return self.mishap(.failsToSync, .syncError) }
        if self.dice.strikes(.crashInCommit, text) { return self.mishap(.ends, .crashInCommit) }
        guard self.dice.strikes(.powerFailure, text) else { return nil }
        let seed = self.dice.draw(.powerFailure, below: .max)
        self.state.withLock { $0.powerFailure = seed }
        return self.mishap(.ends, .powerFailure)
    }

    private var isFull: Bool {
        !self.dice.isHealed && self.state.withLock { $0.fullUntil } > self.clock.uptime
    }

    private func mishap(_ effect: DiskMishap.Effect, _ fault: Fault) -> DiskMishap {
        DiskMishap(effect: effect, point: self.dice.draw(fault, below: 1 << 32))
    }

    // MARK: What is on it

    /// Every row that is durable.
    var content: [ItemID: ItemRecord] {
        do throws(PenstockError) {
            return try self.medium.content
        } catch {
            self.history.violated("the disk cannot be read: \(error)")
            return [:]
        }
    }

    /// What is wrong with it, beside what the rows say.
    var problems: [String] { self.medium.problems }

    /// Has it kept in mind what a process has found on it, or whoever looks at it now: that cannot go any more.
    ///
    /// While nobody has it open, nobody can have seen what is on it, and not all of that need be durable.
    func remember() {
        if self.state.withLock({ $0.isOpen }) { self.history.remember(self.content) }
    }
}

/// What a process says that it works on, which is also the history's to know.
private struct SimulatedLedger: ClaimLedger {
    private let ledger: any ClaimLedger
    private let process: SimulatedProcess
    private let history: SimulatedHistory

    init(_ ledger: any ClaimLedger, of process: SimulatedProcess, _ history: SimulatedHistory) {
        self.ledger = ledger
        self.process = process
        self.history = history
    }

    func began(_ lease: LeaseReference) {
        self.ledger.began(lease)
        if self.process.isAlive { self.history.claimed(lease.id) }
    }

    func ended(_ ids: [ItemID]) {
        self.ledger.ended(ids)
        if self.process.isAlive { self.history.unclaimed(ids) }
    }
}

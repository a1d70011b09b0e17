import Penstock

/// Something that may go wrong in a simulated world.
public enum Fault: String, CaseIterable, Sendable, Hashable {
    /// A process dies between any two of its jobs.
    case crash
    /// The process that writes dies while it makes a group durable: before, or just after.
    case crashInCommit
    /// A process is told to end, and ends in good order.
    case stop
    /// A process stands still for a while and then goes on, as one that the system has stopped.
    case pause
    /// The wall clock of a process is set forward or back.
    case clockJump
    /// A commit is refused, and nothing has happened.
    case refusal
    /// Something has happened, and whoever asked for it does not learn that.
    case lostAnswer
    /// A commit arrives twice.
    case duplicate
    /// A call takes a while to arrive, or its answer to come back.
    case delay
    /// News comes late, or twice.
    case lateNews
    /// A read fails.
    case readError
    /// The disk cannot be written for a moment.
    case diskError
    /// What was written cannot be made durable.
    case syncError
    /// The disk is full for a while.
    case fullDisk
    /// The disk takes its time.
    case slowDisk
    /// The process that serves the store dies and is started again.
    case serverCrash
    /// The machine with the disk loses its power while something is written: all its processes die, and what was not
    /// synced may be there, or not, or in part.
    case powerFailure
}

/// What happens in one simulated world: everything that its seed decides beside the order of jobs.
public struct FaultKnobs: Sendable, CustomStringConvertible {
    /// What determines everything.
    public let seed: UInt64
    /// Whether one process serves the store to the others; otherwise one at a time opens it, as a file is.
    public var isServed: Bool
    /// How many processes run engines.
    public var processes: Int
    /// How often each fault strikes: in one of this many chances.
    ///
    /// Faults that are not here do not strike.
    public var odds: [Fault: UInt64]
    /// After how many jobs everything is mended.
    public var healsAfter: Int
    /// The most faults that strike.
    public var maximumFaults = 60
    /// How long the leases of a process last that is connected to a server, unless it goes on asking for them.
    public var lease: Duration = .seconds(10)
    /// Whether runs are replayed at each activation.
    public var replaysAlways: Bool
    /// How many bytes of runs stay in memory.
    public var hotBytes: Int

    /// Whether what the processes ask of the store is written down, for a failure's description.
    public var keepsLog = false

    /// Draws the knobs of a seed: each seed switches whole classes of faults on and off.
    public init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed ^ 0x6b6e_6f62_73)
        self.seed = seed
        self.isServed = generator.next() % 2 == 0
        self.processes = 1 + Int(generator.next() % 3)
        self.odds = [:]
        for fault in Fault.allCases {
            let (isOn, magnitude) = (generator.next() % 2 == 0, generator.next() % 3)
            if isOn { self.odds[fault] = Self.chances(for: fault) << (2 * magnitude) }
        }
        self.healsAfter = 200 << Int(generator.next() % 6)
        self.replaysAlways = generator.next() % 8 == 0
        self.hotBytes = generator.next() % 4 == 0 ? 20_000 : 1 << 28
    }

    /// A fault that strikes at any job has more chances than one that strikes at a call.
    private static func chances(for fault: Fault) -> UInt64 {
        switch fault {
        case .crash, .stop, .pause, .clockJump, .serverCrash: 100
        case .crashInCommit, .powerFailure, .refusal, .lostAnswer, .duplicate: 8
        case .readError, .diskError, .syncError, .fullDisk: 8
        case .delay, .lateNews, .slowDisk: 3
        }
    }

    /// The same world without some faults.
    public func without(_ faults: some Sequence<Fault>) -> FaultKnobs {
        var knobs = self
        for fault in faults { knobs.odds[fault] = nil }
        return knobs
    }

    /// The knobs in one line.
    public var description: String {
        let faults = self.odds.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) 1:\($0.value)" }
        return """
            seed \(self.seed): \(self.processes) \(self.isServed ? "clients of a server" : "owners in turn"), \
            \(self.replaysAlways ? "replays always" : "hot up to \(self.hotBytes) bytes"), \
            at most \(self.maximumFaults) faults in \(self.healsAfter) jobs: \
            \(faults.isEmpty ? "none" : faults.joined(separator: ", "))
            """
    }
}

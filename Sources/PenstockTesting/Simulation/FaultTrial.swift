/// What came of one simulated world.
public struct FaultReport: Sendable {
    /// What its seed decided.
    public let knobs: FaultKnobs
    /// A number that is the same whenever the same has happened.
    public let trace: UInt64
    /// How many jobs ran.
    public let jobs: Int
    /// How much time passed in it.
    public let time: Duration
    /// How many jobs came from threads that are not the simulation's.
    public let strangers: Int
    /// The faults that struck.
    public let struck: [Fault]
}

/// A promise that was not kept in a simulated world.
public struct FaultTrialFailure: Error, CustomStringConvertible {
    /// With what to see it again.
    public let knobs: FaultKnobs
    /// What was found.
    public let message: String
    /// A number that is the same whenever the same has happened.
    public let trace: UInt64
    /// The faults that struck before, in order.
    public let struck: [String]
    /// The last things that were reported to an operator.
    public let notices: [String]
    /// What the processes asked of the store, if that was to be kept.
    public let log: [String]

    /// Everything that one needs to see it again, and to begin to understand it.
    public var description: String {
        """
        \(self.message)
        with \(self.knobs), trace \(String(self.trace, radix: 16))
        \((self.struck + self.notices + self.log).map { "    \($0)" }.joined(separator: "\n"))
        """
    }
}

/// A search for promises that are not kept: the real engine in worlds where everything that can go wrong does.
///
/// Each seed is a world in one thread: its processes, clocks, disk, network and the order of all its tasks. Faults
/// strike while it works; then everything is mended, and the work has to come to its end. Equal seeds give equal
/// worlds.
///
/// ```swift
/// try FaultTrial { _ in Shop() }.search(seeds: 0..<1000)
/// ```
public struct FaultTrial: Sendable {
    private let disk: WorldDisk
    private let scenario: @Sendable (FaultKnobs) -> any FaultScenario

    /// Makes a trial of a scenario, which is made anew for each world, as its disk is.
    public init(on disk: WorldDisk = .memory, _ scenario: @escaping @Sendable (FaultKnobs) -> any FaultScenario) {
        self.disk = disk
        self.scenario = scenario
    }

    /// Runs one world.
    /// - Throws: ``FaultTrialFailure`` when a promise was not kept.
    @discardableResult
    public func run(_ knobs: FaultKnobs) throws -> FaultReport {
        try FaultWorld(knobs, self.scenario(knobs), on: self.disk.make(knobs)).run()
    }

    /// Runs the world of each seed.
    /// - Throws: ``FaultTrialFailure`` for the first failure, made as simple as it can be and still fail.
    public func search(
        seeds: some Sequence<UInt64>,
        without faults: Set<Fault> = [],
        _ heard: (FaultReport) -> Void = { _ in }
    ) throws {
        for seed in seeds {
            do {
                heard(try self.run(FaultKnobs(seed: seed).without(faults)))
            } catch let failure as FaultTrialFailure {
                throw self.shrink(failure)
            }
        }
    }

    /// Looks for the simplest world that still fails: with fewer kinds of faults, fewer of them, fewer processes.
    public func shrink(_ failure: FaultTrialFailure) -> FaultTrialFailure {
        var simplest = failure
        func fails(_ knobs: FaultKnobs) -> Bool {
            do {
                try self.run(knobs)
                return false
            } catch let failure as FaultTrialFailure {
                simplest = failure
                return true
            } catch {
                return false
            }
        }
        for fault in failure.knobs.odds.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            _ = fails(simplest.knobs.without([fault]))
        }
        var simpler = simplest.knobs
        simpler.processes = 1
        if simplest.knobs.processes > 1 { _ = fails(simpler) }
        // The fewest faults, by halving: with none at all the world may fail, too.
        var (least, most) = (0, simplest.struck.count)
        while least < most {
            let middle = (least + most) / 2
            var fewer = simplest.knobs
            fewer.maximumFaults = middle
            if fails(fewer) { most = middle } else { least = middle + 1 }
        }
        var told = simplest.knobs
        told.keepsLog = true
        _ = fails(told)
        return simplest
    }
}

import PenstockTesting

/// A fault that is done to real processes over a real file, and what has to hold afterwards.
protocol Scenario: Sendable {
    /// Its number in the catalogue of faults.
    var number: String { get }
    /// What is done, in a few words.
    var title: String { get }
    /// What is counted.
    var unit: String { get }
    /// How many of them are wanted in the short report, and in the long one.
    var counts: (short: Int, long: Int) { get }
    /// Does it.
    /// - Throws: ``Unavailable`` when it cannot be done here, ``Elsewhere`` when it concerns other stores; any other
    ///   error makes the row a bad one.
    func run(_ trial: Trial) async throws -> Outcome
}

/// The scenario cannot be run on this machine.
struct Unavailable: Error, CustomStringConvertible {
    let reason: String

    var description: String { self.reason }
}

/// The fault does not concern a store in memory or in SQLite, wherever it is.
struct Elsewhere: Error, CustomStringConvertible {
    let reason: String

    var description: String { self.reason }
}

/// Something did not go as the scenario expects, which ends it.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What a scenario came to.
struct Outcome: Sendable {
    /// How many faults were done.
    var count: Int
    /// How many orders there were, where the mixed workload was at work.
    var orders = 0
    /// What does not hold, one line each.
    var problems: [String] = []
    /// What else was measured.
    var figure = ""
}

/// What a scenario is given: how much to do, where, and its chance.
struct Trial: Sendable {
    /// How many faults to do.
    let count: Int
    /// Whether this is for the long report.
    let isLong: Bool
    /// How long a scenario runs that is measured in minutes.
    let minutes: Double
    /// A folder of its own.
    let folder: String
    let random: SeededEntropy

    /// Chance for what Swift draws itself.
    var generator: SeededGenerator { SeededGenerator(seed: self.random.next()) }

    /// A number below `limit`.
    func random(below limit: Int) -> Int { Int(self.random.next() % UInt64(max(limit, 1))) }

    /// A folder in its folder, made anew.
    func newFolder(_ name: String) throws -> String {
        let path = "\(self.folder)/\(name)"
        Files.remove(path)
        try Files.makeFolder(path)
        return path
    }
}

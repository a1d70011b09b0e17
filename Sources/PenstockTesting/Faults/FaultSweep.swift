public import Penstock

/// Every call that a program makes of its store, each of which fails in every way.
public struct FaultSweep: Sendable {
    /// What becomes of the program when its store fails.
    public enum Course: String, Sendable, Hashable, CaseIterable {
        /// One call fails, and it has to come to what it comes to without.
        case once
        /// All calls fail from that one on until the store is mended.
        case lasting
        /// All calls fail from that one on, and it is cancelled and run again.
        case cancelled
    }

    /// One call, and how it fails.
    public struct Point: Sendable, Hashable, CustomStringConvertible {
        /// The fault.
        public let fault: FaultyStore.Fault
        /// What becomes of the program.
        public let course: Course
        /// When its runs are replayed.
        public let replay: EngineConfiguration.Replay

        /// Makes a point.
        public init(
            _ method: FaultyStore.Method,
            call: Int,
            _ moment: FaultyStore.Moment,
            _ course: Course,
            _ replay: EngineConfiguration.Replay
        ) {
            self.fault = FaultyStore.Fault(method, call: call, moment, lasts: course != .once)
            (self.course, self.replay) = (course, replay)
        }

        /// The point in words.
        public var description: String { "\(self.fault) (\(self.course.rawValue), replay \(self.replay))" }
    }

    private let open: @Sendable () -> StoreConformance.Open

    /// Makes a sweep over one kind of store; `open` is asked for new disks for each program.
    public init(_ open: @escaping @Sendable () -> StoreConformance.Open) {
        self.open = open
    }

    /// All calls of a program without a fault, each in every way in which it can fail.
    ///
    /// In another order of events a program may make fewer calls, so that a point may not be met.
    public func points() throws -> [Point] {
        try [EngineConfiguration.Replay.whenNeeded, .always].flatMap { replay in
            let calls = try self.simulate(seed: 0) { matrix, environment in
                try await matrix(replay).callsWithoutFault(at: "points", under: environment)
            }
            return calls.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { method, count in
                (0..<count).flatMap { call in
                    FaultyStore.Moment.allCases.flatMap { moment in
                        Course.allCases.map { Point(method, call: call + 1, moment, $0, replay) }
                    }
                }
            }
        }
    }

    /// Runs the program with one fault, and checks what it comes to.
    ///
    /// - Parameters:
    ///   - point: What fails.
    ///   - seed: Determines the order of events; `nil` is one order for each call.
    /// - Returns: how many calls have failed; 0 when the point was not met.
    /// - Throws: ``ConformanceFailure`` when something was lost, doubled, changed or kept from everybody.
    public func check(_ point: Point, seed: UInt64? = nil) throws -> Int {
        try self.simulate(seed: seed ?? UInt64(point.fault.call)) { matrix, environment in
            let matrix = matrix(point.replay)
            return switch point.course {
            case .once, .lasting: try await matrix.check(point.fault, at: point.course.rawValue, under: environment)
            case .cancelled: try await matrix.checkCancelled(point.fault, at: "ended", under: environment)
            }
        }
    }

    private func simulate<Result: Sendable>(
        seed: UInt64,
        _ body:
            @escaping @Sendable (
                (EngineConfiguration.Replay) -> CrashMatrix, RuntimeEnvironment
            ) async throws -> Result
    ) throws -> Result {
        let simulation = Simulation(seed: seed)
        return try simulation.run(for: .seconds(2000)) { [environment = simulation.environment, open = self.open()] in
            try await body({ CrashMatrix(runs: 1, replay: $0, open: open) }, environment)
        }
    }
}

public import Penstock
import Synchronization

/// What every store promises, as cases that any test target can run.
///
/// ```swift
/// @Test(arguments: StoreConformance.cases)
/// func `the store keeps its promise`(_ promise: ConformanceCase) async throws {
///     let conformance = StoreConformance(keeps: false) { _, environment in MemoryStore(environment: environment) }
///     try await conformance.check(promise)
/// }
/// ```
public struct StoreConformance: Sendable {
    /// Opens the store at a place, under an environment.
    public typealias Open = @Sendable (_ place: String, _ environment: RuntimeEnvironment) async throws -> any Store

    let keeps: Bool
    let open: Open

    /// Makes a suite for one kind of store.
    ///
    /// - Parameters:
    ///   - keeps: Whether what was committed is there again when a place is opened again.
    ///   - open: Opens the store at a place; one that was never opened before is empty. Places are plain words.
    public init(keeps: Bool, open: @escaping Open) {
        self.keeps = keeps
        self.open = open
    }

    /// All promises.
    public static let cases: [ConformanceCase] =
        pushing + leasing + expiring + settling + queues + runs + lateWakeUps + control + limits + waiting + atomicity
        + reopening + repeating

    /// Checks one promise on a fresh store.
    ///
    /// A promise about reopening holds for a store that keeps nothing without being looked at.
    /// - Throws: ``ConformanceFailure`` when it is not kept.
    public func check(_ promise: ConformanceCase) async throws {
        try await self.check(promise, under: RuntimeEnvironment.testing())
    }

    /// Checks one promise on a fresh store inside a simulation, whose body has to be the caller.
    public func check(_ promise: ConformanceCase, in simulation: Simulation) async throws {
        try await self.check(promise, under: simulation.parts)
    }

    private func check(_ promise: ConformanceCase, under parts: TestingEnvironment) async throws {
        guard self.keeps || !promise.reopens else { return }
        let bench = try await StoreBench(self, under: parts)
        do {
            let expectations = Expectations()
            try await Expectations.$current.withValue(expectations) { try await promise.body(bench) }
            guard !expectations.isEmpty else {
                throw ConformanceFailure("the case expects nothing", file: #fileID, line: #line)
            }
            if !promise.closes { try await bench.checkCounts() }
        } catch {
            await bench.store.close()
            throw error
        }
        await bench.store.close()
    }
}

/// One promise of a store.
public struct ConformanceCase: Sendable, CustomStringConvertible {
    /// The promise in words.
    public let name: String
    /// Whether the store has to keep what it had when it is opened again.
    public let reopens: Bool
    /// Whether the case leaves the store closed, so that its rows cannot be counted.
    let closes: Bool
    /// Whether the case handles so much that it takes more than an instant.
    public let isLarge: Bool

    let body: @Sendable (StoreBench) async throws -> Void

    init(
        _ name: String,
        reopens: Bool = false,
        closes: Bool = false,
        isLarge: Bool = false,
        _ body: @escaping @Sendable (StoreBench) async throws -> Void
    ) {
        self.name = name
        self.reopens = reopens
        self.closes = closes
        self.isLarge = isLarge
        self.body = body
    }

    /// The promise in words.
    public var description: String { self.name }
}

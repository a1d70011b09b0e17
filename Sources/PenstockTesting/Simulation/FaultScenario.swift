public import Penstock

/// What the processes of a simulated world do, and what has to come of it.
///
/// ```swift
/// struct Shop: FaultScenario {
///     func pipelines(of process: SimulatedProcess, over store: any Store) throws -> [any Pipeline] { [order] }
///     func drive(_ engine: Engine, in process: SimulatedProcess) async throws {
///         #expect(try await engine.start(order, 7, key: "7").value == 14)
///     }
///     func check(_ store: any Store) async throws {}
/// }
/// ```
public protocol FaultScenario: Sendable {
    /// The pipelines that a process runs; their effects count only while the process is alive.
    func pipelines(of process: SimulatedProcess, over store: any Store) throws -> [any Pipeline]

    /// What a process does with its engine, until the work of the scenario is done.
    ///
    /// Every process does this, from the beginning each time it is started, so it has to say what it wants and not how
    /// often: start under a key, then wait. While faults strike it may throw what it likes, and is started again; when
    /// they are over it has to return.
    func drive(_ engine: Engine, in process: SimulatedProcess) async throws

    /// What has to hold when everything is done; throws when it does not.
    func check(_ store: any Store) async throws
}

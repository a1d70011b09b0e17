public import Penstock
import PenstockSQLite

/// The mixed workload that is killed over and over: activities, a nested workflow, `all`, a user's own rows and a push
/// in the transaction that records a step.
public enum Workload {
    /// Every kill counts as an attempt of what was under way, and there are thousands of kills.
    static let patient = ActivityOptions(retry: RetryPolicy(attempts: .max))

    static let double = Activity("double", options: patient) { (x: Int) in 2 * x }

    static let quad = Workflow("quad") { (x: Int, context) in
        let x2 = try await context.call(double, x)
        return try await context.call(double, x2)
    }

    /// Writes a row of the user's and a message, exactly when the step is recorded.
    static let enter = Activity(
        "enter",
        options: patient,
        transaction: { (x: Int, transaction: inout Transaction) in
            transaction.sql("INSERT INTO ledger(x) VALUES (?)", .integer(Int64(x)))
            transaction.add(.push(NewItem(queue: "outbox", payload: try Payload(encoding: x))))
            return x
        }
    )

    /// The workflow that everything hangs on.
    public static let order = Workflow("order") { (x: Int, context) in
        let (a, b) = try await context.all(context.start(double, x), context.start(quad, x))
        let entered = try await context.call(enter, x)
        var sum = a + b + entered
        for _ in 0..<2 { sum = try await context.call(double, sum) }
        return sum
    }

    /// What the order for `x` comes to: ((2x + 4x + x) · 2) · 2.
    public static func expected(_ x: Int) -> Int { 28 * x }

    static let pipelines: [any Pipeline] = [double, quad, enter, order]

    /// Opens the engine and makes sure of the user's table.
    public static func engine(path: String) async throws -> Engine {
        let engine = try await self.engine(path: path, configuration: EngineConfiguration())
        try await self.makeTable(in: engine)
        return engine
    }

    /// Opens the engine, whatever `configuration` says of crashes: there are thousands.
    public static func engine(
        path: String,
        configuration: EngineConfiguration,
        environment: RuntimeEnvironment = RuntimeEnvironment()
    ) async throws(PenstockError) -> Engine {
        var configuration = configuration
        configuration.maximumCrashes = .max
        return try await Engine(
            store: .sqlite(path: path),
            pipelines: pipelines,
            configuration: configuration,
            environment: environment
        )
    }

    /// Makes sure of the user's table.
    public static func makeTable(in engine: Engine) async throws(PenstockError) {
        var table = Transaction()
        table.sql("CREATE TABLE IF NOT EXISTS ledger(x INTEGER NOT NULL)")
        try await engine.commit(table)
    }

    /// How many orders come at once, where nobody says otherwise.
    public static let batch = 1000

    /// Orders another batch, which comes whole or not at all.
    public static func order(from first: Int, batch: Int = batch, in engine: Engine) async throws {
        try await engine.start(
            order,
            (first..<first + batch).map { (key: Optional("order-\($0)"), input: $0) }
        )
    }

    /// How many rows of the store an order comes to: itself, its steps and theirs, and its message.
    public static let rowsOfAnOrder = 9

    /// How many orders there are: whole batches.
    public static func count(batch: Int = batch, in engine: Engine) async throws -> Int {
        var count = 0
        while try await engine.run(of: order, key: "order-\(count)") != nil { count += batch }
        return count
    }

    /// The orders that have not ended.
    public static func open(in engine: Engine) async throws -> [ItemRecord] {
        try await engine.control.list(queue: order.name, states: [.ready, .parked, .diverged], limit: Self.batch)
    }
}

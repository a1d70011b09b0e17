import Penstock
import PenstockTesting
import Testing

@Suite("A replay that disagrees with its journal")
struct DivergenceTests {
    typealias Body = @Sendable (Int, WorkflowContext) async throws -> Int

    static let review = ExternalTask<Int, Int>("review")
    static let other = ExternalTask<Int, Int>("other")
    static let good: Body = { x, context in
        let doubled = try await context.call(double, x)
        return try await context.call(review, doubled) + 1
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let step: Int
        let recorded: String?
        let now: String?
        let body: Body
    }

    static let changes: [Change] = [
        Change(testDescription: "another callee", step: 1, recorded: "double(5)", now: "effect(5)") { x, context in
            let doubled = try await context.call(effect, x)
            return try await context.call(review, doubled)
        },
        Change(testDescription: "another argument", step: 1, recorded: "double(5)", now: "double(6)") { x, context in
            let doubled = try await context.call(double, x + 1)
            return try await context.call(review, doubled)
        },
        Change(testDescription: "another order", step: 1, recorded: "double(5)", now: "review(10)") { x, context in
            let reviewed = try await context.call(review, 10)
            return try await context.call(double, reviewed)
        },
        Change(testDescription: "a step fewer at the end", step: 2, recorded: "review(10)", now: nil) { x, context in
            try await context.call(double, x)
        },
        Change(testDescription: "a step more before", step: 1, recorded: "double(5)", now: "effect(5)") { x, context in
            _ = try context.start(effect, x)
            let doubled = try await context.call(double, x)
            return try await context.call(review, doubled)
        },
        Change(testDescription: "a value asked for", step: 2, recorded: "review(10)", now: "~now()") { x, context in
            let doubled = try await context.call(double, x)
            _ = try context.now()
            return try await context.call(review, doubled)
        },
        Change(testDescription: "an error swallowed", step: 2, recorded: "review(10)", now: "effect(10)") {
            x,
            context in
            let doubled = try await context.call(double, x)
            _ = try? await context.call(effect, doubled)
            _ = try? await context.call(effect, doubled)
            return 3
        },
    ]

    static let effects = Tally()
    static let effect = Activity("effect") { (x: Int) in
        effects.add("effect")
        return x
    }

    private static func engine(_ body: @escaping Body, _ store: any Store) async throws -> Engine {
        try await Engine(
            store: .open(store),
            pipelines: [double, effect, review, other, Workflow("flow", body)]
        )
    }

    /// A run of the good code that waits for its review, and is answered when nobody runs it.
    private static func answered(in store: any Store) async throws -> Run<Int> {
        let engine = try await Self.engine(Self.good, store)
        let run = try await engine.start(Workflow("flow", Self.good), 5, key: "one")
        try await engine.run {
            let desk = try engine.desk(of: Self.review)
            let item = try await desk.first()
            _ = item
        }
        let desk = try engine.desk(of: Self.review)
        try await desk.resolve(try await desk.first().key, with: 41)
        return run
    }

    @Test(arguments: Self.changes)
    func `BT-12: it stops before any effect, says both sides, and goes on with mended code`(change: Change) throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let run = try await Self.answered(in: store)
            let control = Control(store: store)
            let before = try await control.journal(of: control.describe(.id(run.id)))

            let changed = try await Self.engine(change.body, store)
            let record = try await changed.run { try await control.reached(.diverged, run.id) }
            let divergence = try #require(record.failure?.divergence)
            #expect(divergence.step == change.step)
            #expect(divergence.recorded?.description == change.recorded)
            #expect(divergence.now?.description == change.now)
            #expect((divergence.source?.contains("DivergenceTests") ?? false) == (change.now != nil))
            #expect(try await control.journal(of: record) == before)
            #expect(Self.effects["effect"] == 0)
            #expect(simulation.notices.messages(.error).contains { $0.contains("diverged") })

            let mended = try await Self.engine(Self.good, store)
            try await control.resume(.id(run.id))
            #expect(try await mended.run { try await run.value } == 42)
        }
    }

    @Test func `a diverged run is restarted with the new code`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let run = try await Self.answered(in: store)
            let changed = try await Self.engine({ x, context in try await context.call(double, x + 1) }, store)
            let value = try await changed.run {
                _ = try await changed.control.reached(.diverged, run.id)
                try await changed.control.restart(.id(run.id))
                return try await run.value
            }
            #expect(value == 12)
        }
    }

    @Test func `code that goes further than the journal goes on`() throws {
        let simulation = Simulation()
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let run = try await Self.answered(in: store)
            let longer = try await Self.engine(
                { x, context in try await context.call(double, try await Self.good(x, context)) },
                store
            )
            #expect(try await longer.run { try await run.value } == 84)
        }
    }
}

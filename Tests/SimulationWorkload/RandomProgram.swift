public import Penstock
public import PenstockTesting

/// Random durable programs that use everything a workflow can do, people who answer them, an operator who cancels some,
/// and workers with leases of their own: the work of a simulated world.
public struct RandomProgram: FaultScenario {
    let plans: [Plan]
    /// The runs that an operator cancels at some time.
    let cancelled: Set<Int>
    let seed: UInt64
    let world = World()

    struct Refused: Error {}

    /// Draws the programs of a world.
    public init(_ knobs: FaultKnobs) {
        var generator = SeededGenerator(seed: knobs.seed ^ 0x706c_616e)
        let count = 1 + Int(generator.next() % 4)
        self.seed = knobs.seed
        self.plans = (0..<count).map { _ in Plan(seed: generator.next(), depth: 0) }
        self.cancelled = Set((0..<count).filter { _ in generator.next() % 6 == 0 })
    }

    /// The pipelines by name and type, for those who call them.
    static let review = ExternalTask<Int, Int>("review")
    static let never = ExternalTask<Int, Int>("never")
    static func top() -> Workflow<Plan, Int> { Workflow("program-0") { (_: Plan, _) in 0 } }
    private static func called(_ name: String) -> Activity<Int, Int> { Activity(name) { $0 } }

    private static let patient = ActivityOptions(
        retry: RetryPolicy(attempts: .max, delay: .milliseconds(20), maximumDelay: .seconds(2))
    )

    /// The pipelines of a process.
    public func pipelines(of process: SimulatedProcess, over store: any Store) throws -> [any Pipeline] {
        let deepest = Self.program("program-2", child: nil)
        let middle = Self.program("program-1", child: deepest)
        let top = Self.program("program-0", child: middle)
        return [top, middle, deepest, Self.review, Self.never] + (try self.activities(of: process, over: store))
    }

    private func activities(of process: SimulatedProcess, over store: any Store) throws -> [any Pipeline] {
        let (world, ledger) = (self.world, try Queue<Int>("ledger", in: store))
        let add = Activity("add", options: Self.patient) { (x: Int) in
            world.note("add", x, in: process)
            return x &+ 1
        }
        let flaky = Activity("flaky", options: Self.patient) { (x: Int) in
            // It fails twice for each argument, whoever tries it.
            guard world.note("flaky", x, in: process) > 2 else { throw Refused() }
            return x &+ 1
        }
        let refused = Activity("refused", options: ActivityOptions(retry: .never)) { (x: Int) -> Int in
            world.note("refused", x, in: process)
            throw Refused()
        }
        let book = Activity("book", options: Self.patient) { (x: Int, transaction: inout Transaction) in
            world.note("book", x, in: process)
            try transaction.push(x, to: ledger)
            return x &+ 1
        }
        let hasty = ActivityOptions(retry: Self.patient.retry, startToClose: .seconds(5))
        let slow = Activity("slow", options: hasty) { (x: Int) in
            // Too slow at first, then fast enough.
            let count = world.note("slow", x, in: process)
            try await process.environment.clock.sleep(for: count <= 1 ? .seconds(60) : .milliseconds(100))
            return x &+ 1
        }
        return [add, flaky, refused, book, slow, Echo(process: process, world: world)]
    }

    private struct TooDeep: Error {}

    /// A workflow that does what its plan says; `child` is the workflow one level down.
    private static func program(_ name: String, child: Workflow<Plan, Int>?) -> Workflow<Plan, Int> {
        Workflow(name) { (plan: Plan, context) in
            var sum = 0
            for (step, x) in plan.steps {
                switch step {
                case .add: sum &+= try await context.call(Self.called("add"), x)
                case .flaky: sum &+= try await context.call(Self.called("flaky"), x)
                case .book: sum &+= try await context.call(Self.called("book"), x)
                case .echo: sum &+= try await context.call(Self.called("echo"), x)
                case .slow: sum &+= try await context.call(Self.called("slow"), x)
                case .review: sum &+= try await context.call(Self.review, x)
                case .chance: _ = try context.random()
                case .race:
                    sum &+= try await context.race(
                        context.start(Self.called("add"), x),
                        context.start(Self.never, x)
                    )
                case .refused:
                    do {
                        sum &+= try await context.call(Self.called("refused"), x)
                    } catch is Failure {
                        sum &+= 7
                    }
                case .nested, .together:
                    guard let child else { throw TooDeep() }
                    var handles = [try context.start(child, plan.child(x))]
                    if case .together(let count) = step {
                        for more in 1..<count { handles.append(try context.start(Self.called("add"), x &+ more)) }
                    }
                    sum = try await context.all(handles).reduce(sum, &+)
                }
            }
            return sum
        }
    }
}

import FoundationEssentials
import Penstock
import PenstockSQLite
import Synchronization

/// `demo-worker`: the process that is killed.
///
/// It speaks in lines of a word and its values, which `demo` reads.
struct DemoWorkerCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "demo-worker",
            abstract: "Work for 'demo'; not meant to be called by hand",
            shouldDisplay: false
        )
    }

    @Option(help: "The database") var db: String

    @Option(help: "A file with the inputs") var inputs: String

    @Flag(help: "Answer what waits for a person, and end when all is done") var answer: Bool

    func run() async throws {
        let context = CommandContext.current
        guard let demonstration = context.demonstration else { return }
        let inputs = try JSONDecoder().decode([String].self, from: Data(contentsOf: URL(filePath: self.inputs)))
        // That the worker before it died is no news here.
        let environment = RuntimeEnvironment { notice in
            if notice.level == .error { context.output.error("\(notice)") }
        }
        let store = try await SQLiteStore(path: self.db, environment: environment)
        let engine = try await Engine(
            store: .open(store),
            pipelines: demonstration.pipelines(over: store)
        )
        let voice = WorkerVoice(output: context.output, engine: engine)
        try await engine.run {
            let runs = try await demonstration.start(inputs, in: engine)
            try await Self.finish(runs, demonstration, engine, voice, answers: self.answer)
            guard self.answer else { return try await store.environment.clock.sleepUntilCancelled() }
            for line in try await demonstration.conclude(in: engine) { voice.say("result", line) }
        }
        voice.say("replayed", "\(engine.statistics.replayedSteps)")
        await store.close()
    }

    /// Waits until all runs have ended, and answers meanwhile what waits for a person.
    private static func finish(
        _ runs: [ItemID],
        _ demonstration: any Demonstration,
        _ engine: Engine,
        _ voice: WorkerVoice,
        answers: Bool
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // A task that answers and fails ends all of it, so that nobody waits for an answer that does not come.
            group.addTask { try await Self.watch(demonstration, engine, voice, answers) }
            for run in runs {
                group.addTask {
                    _ = try await engine.store.settled(run)
                    voice.ended()
                }
            }
            for _ in runs { try await group.next() }
            group.cancelAll()
        }
    }

    /// Looks now and then what waits for a person, as a person would, until it is cancelled.
    private static func watch(
        _ demonstration: any Demonstration,
        _ engine: Engine,
        _ voice: WorkerVoice,
        _ answers: Bool
    ) async throws {
        let tasks = Set(demonstration.pipelines.filter { $0 is any TaskDesk }.map(\.name))
        var answered = 0
        while true {
            voice.steps()
            let counts = try await engine.store.counts().filter { tasks.contains($0.queue) }
            voice.say("waiting", "\(counts.reduce(0) { $0 + $1.ready })")
            do {
                try await engine.store.environment.clock.sleep(for: .milliseconds(50))
            } catch {
                return
            }
            guard answers else { continue }
            let more = try await demonstration.answer(in: engine)
            answered += more
            if more > 0 { voice.say("answered", "\(answered)") }
        }
    }
}

/// What the worker tells the process that watches it.
private final class WorkerVoice: Sendable {
    private let output: Output
    private let engine: Engine
    private let count = Atomic(0)

    init(output: Output, engine: Engine) {
        self.output = output
        self.engine = engine
    }

    func say(_ word: String, _ values: String) {
        self.output.line("\(word) \(values)")
        self.output.flush()
    }

    /// A run has ended.
    func ended() {
        self.say("done", "\(self.count.add(1, ordering: .relaxed).newValue)")
    }

    /// Steps have been recorded.
    func steps() {
        self.say("steps", "\(self.engine.statistics.activations)")
    }
}

extension PenstockClock {
    /// Waits until the task is cancelled or the process ends.
    fileprivate func sleepUntilCancelled() async throws {
        while true { try await self.sleep(for: .seconds(3600)) }
    }
}

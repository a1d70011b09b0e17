import FoundationEssentials
import Penstock
import PenstockSQLite

/// `demo`: work that is killed half-way, and goes on.
struct DemoCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "demo",
            abstract: CommandContext.current.demonstration?.abstract ?? "",
            discussion: """
                It reads the files and changes none of them. It ends with 1 if anything was
                lost or recorded twice.
                """
        )
    }

    @Argument(help: "The files to take in; by default the system's documentation")
    var folder: String?

    @Option(help: ArgumentHelp("At most so many files", valueName: "n"))
    var limit: Int = 4000

    @Option(help: ArgumentHelp("Where the database is made; by default a temporary file", valueName: "file"))
    var db: String?

    func validate() throws {
        if self.limit < 1 { throw ValidationError("--limit \(self.limit) is below one") }
    }

    func run() async throws {
        guard let demonstration = CommandContext.current.demonstration else { return }
        let inputs: [String]
        do {
            inputs = try demonstration.inputs(in: self.folder, limit: self.limit)
        } catch {
            throw CommandFailure(.conflict, "\(error)")
        }
        let place = try DemoPlace(database: self.db)
        do {
            try await self.show(demonstration, inputs, place)
        } catch is Interrupts.Interruption {
            place.remove()
            CommandContext.current.output.flush()
            CommandContext.current.output.error("Interrupted; the database is removed.")
            Interrupts.end()
        } catch {
            place.removeInputs()
            throw error
        }
    }

    private func show(_ demonstration: any Demonstration, _ inputs: [String], _ place: DemoPlace) async throws {
        let output = CommandContext.current.output
        try place.write(inputs)
        Interrupts.listen()
        let clock = ContinuousClock()
        let start = clock.now
        output.line("\(Words.count(inputs.count, "file")), a run of workflow '\(demonstration.workflow)' for each.")
        output.flush()
        let watch = DemoWatch(count: inputs.count, output: output)
        let first = try WorkerProcess(arguments: place.workerArguments)
        // A run that waits for a person gets no further: nobody answers yet.
        while watch.done + watch.waiting < (inputs.count + 1) / 2, let line = try first.line() { watch.hear(line) }
        let now = LiveClock()
        let killed = now.now
        first.kill()
        let end = first.wait()
        guard end == 128 + 9 else { throw Self.failure("the worker ended before it was killed", end, place) }
        let died = now.now
        output.line("Killed the worker (SIGKILL) after \(Words.count(watch.done)) of them, and started it again.")
        output.flush()

        watch.beginAgain()
        let second = try WorkerProcess(arguments: place.workerArguments + ["--answer"])
        while let line = try second.line() { watch.hear(line) }
        let code = second.wait()
        guard code == 0 else { throw Self.failure("the second worker failed", code, place) }
        output.endProgress()
        let time = clock.now - start
        let audit = try await DemoAudit(
            of: demonstration,
            inputs: inputs,
            database: place.database,
            killed: killed,
            died: died
        )
        place.removeInputs()
        DemoReport(watch: watch, audit: audit, time: time, database: place.database).write(to: output)
        guard audit.isSound else { throw CommandFailure(.failure) }
    }

    private static func failure(_ what: String, _ code: Int32, _ place: DemoPlace) -> CommandFailure {
        CommandFailure(.failure, "\(what) (code \(code)); see what is there with 'list --db \(place.database)'")
    }
}

/// What the workers have said so far.
final class DemoWatch {
    private let count: Int
    private let output: Output
    private(set) var done = 0
    private(set) var answered = 0
    /// Runs that wait for a person.
    private(set) var waiting = 0
    private(set) var replayedSteps = 0
    private(set) var results: [String] = []
    /// Steps of the worker that was killed, and of the one that works.
    private var stepsBefore = 0
    private var steps = 0
    private var shown = ContinuousClock().now

    init(count: Int, output: Output) {
        self.count = count
        self.output = output
    }

    /// The next worker counts from the beginning.
    func beginAgain() {
        self.stepsBefore += self.steps
        self.steps = 0
    }

    func hear(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return }
        let values = words[1].split(separator: " ").compactMap { Int($0) }
        switch words[0] {
        case "done": self.done = values.first ?? self.done
        case "steps": self.steps = values.first ?? self.steps
        case "answered": self.answered = values.first ?? self.answered
        case "result": self.results.append(String(words[1]))
        case "waiting": self.waiting = values.first ?? self.waiting
        case "replayed": self.replayedSteps = values.first ?? self.replayedSteps
        default: break
        }
        self.showProgress()
    }

    /// Shows how far it is, a few dozen times a second at most.
    private func showProgress() {
        let now = ContinuousClock().now
        guard now - self.shown > .milliseconds(30) else { return }
        self.shown = now
        let width = 30
        let full = self.count == 0 ? width : min(width, self.done * width / self.count)
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
        let steps = Words.count(self.stepsBefore + self.steps)
        self.output.progress("\(bar) \(Words.count(self.done)) of \(Words.count(self.count)) files, \(steps) steps")
    }
}
